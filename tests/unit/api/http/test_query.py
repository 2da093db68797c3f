"""Query parameters: flags, the mode of a change, pages, unknown names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from groupsolver.api.http.errors import ApiError
from groupsolver.api.http.query import (
    read_change_mode,
    read_flag,
    read_listed_page,
    read_page,
    refuse_unknown,
)
from groupsolver.errors import MAX_FAULTS_SHOWN
from groupsolver.store.repositories.groups import Page


def request(query: str = "", path: str = "/v1.0/shop/groups") -> Request:
    return EnvironBuilder(path=path, query_string=query).get_request()


def faults(caught: pytest.ExceptionInfo[ApiError]) -> list[tuple[str, str]]:
    assert caught.value.code == "bad-input"
    return [(fault.code, fault.path) for fault in caught.value.faults]


@pytest.mark.parametrize(
    ("query", "value"),
    [("", False), ("force=true", True), ("force=TRUE", True), ("force=false", False)],
)
def test_a_flag_is_true_or_false_and_by_default_false(query: str, value: bool) -> None:
    assert read_flag(request(query), "force") is value


@pytest.mark.parametrize("text", ["", "1", "yes"])
def test_a_flag_has_no_other_value(text: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_flag(request(f"force={text}"), "force")
    assert faults(caught) == [("wrong-value", "query.force")]


@pytest.mark.parametrize(
    ("query", "mode"),
    [
        ("", "now"),
        ("preview=true", "preview"),
        ("apply=if-clean", "if-clean"),
        ("preview=false", "now"),
    ],
)
def test_the_mode_of_a_change(query: str, mode: str) -> None:
    assert read_change_mode(request(query)) == mode


@pytest.mark.parametrize("query", ["apply=always", "apply=", "preview=true&apply=if-clean"])
def test_a_change_is_not_applied_in_any_other_way(query: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_change_mode(request(query))
    assert faults(caught) == [("wrong-value", "query.apply")]


@pytest.mark.parametrize(
    ("query", "page"),
    [
        ("", Page(limit=1000)),
        ("limit=1", Page(limit=1)),
        ("limit=0007", Page(limit=7)),
        ("limit=1000&marker=AB", Page(limit=1000, marker="ab")),
    ],
)
def test_a_page(query: str, page: Page) -> None:
    assert read_page(request(query)) == page


@pytest.mark.parametrize("limit", ["0", "1001", "-1", "", "1.0", "\u0663", "9" * 5000])
def test_a_limit_is_from_1_to_1000(limit: str) -> None:
    with pytest.raises(ApiError) as caught:
        read_page(request(f"limit={limit}"))
    assert faults(caught) == [("out-of-range", "query.limit")]


@dataclass(frozen=True)
class Entry:
    id: str


ENTRIES = [Entry(letter) for letter in "abcd"]


def read(page: Page) -> Sequence[Entry]:
    after = [one for one in ENTRIES if one.id > (page.marker or "")]
    return after[: page.limit]


def test_a_list_leads_to_its_next_page() -> None:
    entries, headers = read_listed_page(request("limit=3&name=x"), read)
    assert [one.id for one in entries] == ["a", "b", "c"]
    assert headers == {"Link": '</v1.0/shop/groups?limit=3&name=x&marker=c>; rel="next"'}
    entries, headers = read_listed_page(request("limit=3&marker=c"), read)
    assert ([one.id for one in entries], headers) == (["d"], {})


def test_a_list_that_ends_with_its_page_has_no_next_page() -> None:
    entries, headers = read_listed_page(request("limit=4"), read)
    assert (len(entries), headers) == (4, {})


def test_unknown_parameters_are_refused_with_the_nearest_name() -> None:
    refuse_unknown(request("dry_run=true"), ("dry_run",))
    with pytest.raises(ApiError, match="did you mean 'dry_run'") as caught:
        refuse_unknown(request("dryrun=true"), ("dry_run",))
    assert faults(caught) == [("unknown-key", "query")]
    with pytest.raises(ApiError, match="none is expected here"):
        refuse_unknown(request("x=1"), ())


def test_the_number_of_faults_is_bounded() -> None:
    query = "&".join(f"x{i}=1" for i in range(MAX_FAULTS_SHOWN + 10))
    with pytest.raises(ApiError) as caught:
        refuse_unknown(request(query), ())
    assert len(caught.value.faults) == MAX_FAULTS_SHOWN
