"""Nova's microversions: which headers ask for which, and what every answer says of it."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.api.nova.faults import fault
from groupsolver.api.nova.microversion import (
    HIGHEST,
    LOWEST,
    Microversion,
    requested_version,
    response_version,
)

NEW, OLD = "OpenStack-API-Version", "X-OpenStack-Nova-API-Version"


def request(*headers: tuple[str, str]) -> Request:
    return EnvironBuilder(headers=list(headers)).get_request()


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ([], "2.1"),
        ([(NEW, "compute 2.1")], "2.1"),
        ([(NEW, "compute 2.64")], "2.64"),
        ([(NEW, "compute latest")], "2.104"),
        ([(NEW, "compute 2.104")], "2.104"),
        ([(NEW, "Compute   2.13")], "2.13"),
        ([(NEW, "identity 3.5, compute 2.15")], "2.15"),
        ([(NEW, "compute 2.15, identity 3.5")], "2.15"),
        ([(NEW, "compute 2.15, compute 2.64")], "2.64"),
        ([(NEW, "compute 2.15"), (NEW, "identity 3.5")], "2.15"),
        ([(NEW, "identity 3.5")], "2.1"),
        ([(NEW, "")], "2.1"),
        ([(OLD, "2.13")], "2.13"),
        ([(OLD, "latest")], "2.104"),
        ([(OLD, "2.13,2.15")], "2.15"),
        ([(OLD, "2.13"), (NEW, "compute 2.64")], "2.64"),
        ([(OLD, "2.13"), (NEW, "identity 3.5")], "2.13"),
    ],
)
def test_the_headers_say_which_version_is_meant(
    headers: list[tuple[str, str]], version: str
) -> None:
    assert str(requested_version(request(*headers))) == version
    assert str(response_version(request(*headers))) == version


@pytest.mark.parametrize(
    "header",
    [
        (NEW, "compute"),
        (NEW, "2.64"),
        (NEW, "compute 2"),
        (NEW, "compute 2.x"),
        (NEW, "compute 2.01"),
        (NEW, "compute 2.1.1"),
        (NEW, "compute 2.1 beta"),
        (NEW, "compute -2.1"),
        (NEW, "compute LATEST"),
        (NEW, "compute 2.٣"),
        (NEW, "compute 2." + "9" * 5000),
        (NEW, "identity"),
        (OLD, "two"),
        (OLD, "compute 2.1"),
    ],
)
def test_what_is_no_version_is_bad_input(header: tuple[str, str]) -> None:
    with pytest.raises(ApiError) as caught:
        requested_version(request(header))
    assert caught.value.status == 400
    assert len(caught.value.detail) < 200
    assert response_version(request(header)) == LOWEST


@pytest.mark.parametrize("version", ["1.0", "2.0", "2.105", "2.999999", "3.1", "10.1"])
def test_a_version_outside_the_range_is_not_acceptable(version: str) -> None:
    for header in ((NEW, f"compute {version}"), (OLD, version)):
        with pytest.raises(ApiError, match=r"Minimum is 2\.1 and maximum is 2\.104") as caught:
            requested_version(request(header))
        assert caught.value.status == 406


def test_versions_compare_as_numbers() -> None:
    assert LOWEST < Microversion(2, 9) < Microversion(2, 13) < Microversion(2, 64) < HIGHEST


@pytest.mark.parametrize(
    ("code", "name", "status"),
    [
        ("bad-input", "badRequest", 400),
        ("unauthorized", "unauthorized", 401),
        ("quota-exceeded", "forbidden", 403),
        ("group-not-found", "itemNotFound", 404),
        ("method-not-allowed", "badMethod", 405),
        ("not-acceptable", "computeFault", 406),
        ("group-in-use", "conflictingRequest", 409),
        ("body-too-large", "overLimit", 413),
        ("unsupported-media-type", "badMediaType", 415),
        ("internal-error", "computeFault", 500),
        ("store-unavailable", "serviceUnavailable", 503),
    ],
)
def test_a_fault_bears_novas_name_for_its_status(code: str, name: str, status: int) -> None:
    error = ApiError(code, "what happened", headers={"Retry-After": "1"})
    answer = fault(request((NEW, "compute 2.64")), error)
    assert (answer.status, answer.body) == (
        status,
        {name: {"code": status, "message": "what happened"}},
    )
    assert answer.headers == {
        "Retry-After": "1",
        NEW: "compute 2.64",
        OLD: "2.64",
        "Vary": f"{NEW}, {OLD}",
    }


def test_a_fault_of_an_unheard_of_version_is_answered_in_the_lowest() -> None:
    answer = fault(request((NEW, "compute 2.999")), ApiError("not-acceptable", "no"))
    assert answer.headers[OLD] == "2.1"
