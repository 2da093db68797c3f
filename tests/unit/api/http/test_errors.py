"""The mapping of the library's errors to answers."""

from __future__ import annotations

import pytest

from groupsolver.api.http.errors import HTTP_ERRORS, ApiError, api_error, bad_input
from groupsolver.api.services.conflict_view import Audience
from groupsolver.api.services.refusal import Refusal
from groupsolver.cluster.claim import Contended
from groupsolver.errors import BadInput, Fault, GroupsolverError
from groupsolver.model.result import Conflict, ConflictingPolicy
from groupsolver.store import errors as store
from groupsolver.wire.media import NotAcceptable

FAULT = Fault("wrong-type", "group.name", "expected text, found 1")
CASES: list[tuple[Exception, str, int]] = [
    (BadInput([FAULT]), "bad-input", 400),
    (store.NotStored("grant", "g"), "grant-not-found", 404),
    (store.InUse("member", "it is a member of another group"), "instance-in-group", 409),
    (store.IdTaken("g"), "id-taken", 409),
    (store.Stale("changed"), "stale", 412),
    (Contended(["full"]), "claim-contended", 503),
    (store.StoreUnavailable("locked by 127.0.0.1"), "store-unavailable", 503),
    (NotAcceptable("no"), "not-acceptable", 406),
]


@pytest.mark.parametrize(("error", "code", "status"), CASES, ids=[code for _, code, _ in CASES])
def test_an_error_has_its_code_and_status(error: Exception, code: str, status: int) -> None:
    answered = api_error(error)
    assert answered is not None
    assert (answered.code, answered.status) == (code, status)


def test_the_code_of_an_answer_is_its_own_and_not_its_types() -> None:
    assert ApiError.code == "api-error"
    assert ApiError("busy", "too many").code == "busy"
    assert api_error(ApiError("busy", "too many")).__class__ is ApiError


def test_what_a_database_says_is_not_repeated() -> None:
    answered = api_error(store.StoreUnavailable("password of ann"))
    assert answered is not None
    assert "ann" not in answered.detail


@pytest.mark.parametrize("error", [KeyError("x"), GroupsolverError("x"), RuntimeError()])
def test_an_unexpected_error_has_no_answer(error: Exception) -> None:
    assert api_error(error) is None


def test_what_can_be_asked_again_soon_says_when() -> None:
    for code in ("claim-contended", "store-unavailable"):
        (error,) = (error for error, known, _ in CASES if known == code)
        answered = api_error(error)
        assert answered is not None
        assert answered.headers == {"Retry-After": "1"}


def test_a_bad_request_names_its_first_faults() -> None:
    many = [Fault("wrong-type", f"k{i}", "expected text") for i in range(9)]
    error = bad_input(*many)
    assert error.faults == tuple(many)
    assert error.detail.count("expected text") == 5


def rule(sentence: str) -> Conflict:
    policy = ConflictingPolicy(group="g", policy="exclusive", sentence=sentence)
    return Conflict(policies=(policy,), capacity=(), minimal=True, fixes=())


def test_a_stored_refusal_is_answered_by_what_its_reader_may_see() -> None:
    admin = Audience("shop", hosts=True, projects=True)
    refusal = Refusal(admin, rule("in full"), rule("in part"))
    stored = ApiError("placement-infeasible", "none exists", refusal=refusal).to_stored()
    for audience, sentence in ((admin, "in full"), (Audience("shop"), "in part")):
        again = ApiError.from_stored(stored, audience)
        assert (again.code, again.detail) == ("placement-infeasible", "none exists")
        assert again.conflict is not None
        assert again.conflict.policies[0].sentence == sentence


def test_an_error_without_a_conflict_is_stored_too() -> None:
    stored = ApiError("placement-infeasible", "none exists").to_stored()
    assert ApiError.from_stored(stored, Audience("shop")).conflict is None


def test_every_status_is_one_of_an_error() -> None:
    assert {400 <= status < 600 for status, _ in HTTP_ERRORS.values()} == {True}
