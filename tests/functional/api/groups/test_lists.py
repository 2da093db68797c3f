"""Lists that go on say so, and where: RFC 8288."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest
from werkzeug.http import parse_options_header

from groupsolver.api.http import query
from tests.support.drivers.api_driver import Asker, one


def next_of(answer_header: str | None) -> str | None:
    """Return the target of a ``Link`` to what follows."""
    if answer_header is None:
        return None
    target, _, rest = answer_header.partition(">")
    assert target.startswith("</v1.0/demo/")
    assert parse_options_header(f"x{rest}")[1] == {"rel": "next"}
    return target[1:]


def walked(asker: Asker, path: str, key: str) -> list[list[str]]:
    """Follow a list to its end; give the ids, page by page."""
    pages: list[list[str]] = []
    following: str | None = path
    while following is not None:
        answer = asker("GET", following)
        assert answer.status_code == 200, answer.text
        pages.append([listed["id"] for listed in answer.get_json()[key]])
        following = next_of(answer.headers.get("Link"))
    return pages


@pytest.mark.parametrize(
    ("limit", "sizes"),
    [(1, [1, 1, 1, 1, 1]), (2, [2, 2, 1]), (4, [4, 1]), (5, [5]), (6, [5]), (1000, [5])],
)
def test_a_list_is_walked_page_by_page_and_each_is_seen_once(
    member: Asker, limit: int, sizes: list[int]
) -> None:
    groups = [member.id(name=f"g{i}") for i in range(5)]
    placed = [instance["id"] for instance in member.place(one(count=5))["instances"]]
    for path, key, made in (("~/groups", "groups", groups), ("~/instances", "instances", placed)):
        pages = walked(member, f"{path}?limit={limit}", key)
        assert [len(page) for page in pages] == sizes
        assert [id_ for page in pages for id_ in page] == made


def test_what_else_was_asked_is_asked_again(member: Asker) -> None:
    ids = [member.id(name=name) for name in ("a b&c>", "other", "a b&c>", "a b&c>")]
    path = "~/groups?name=a%20b%26c%3E&limit=2"
    assert walked(member, path, "groups") == [[ids[0], ids[2]], [ids[3]]]
    link = next_of(member("GET", path).headers["Link"])
    assert link is not None
    assert parse_qs(urlsplit(link).query) == {
        "name": ["a b&c>"],
        "limit": ["2"],
        "marker": [ids[2]],
    }


def test_a_list_that_ends_says_nothing_and_an_unasked_limit_has_one_too(
    member: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "Link" not in member("GET", "~/groups").headers
    monkeypatch.setattr(query, "MAX_PAGE_SIZE", 2)  # of 1,000
    ids = [member.id() for _ in range(3)]
    assert walked(member, "~/groups", "groups") == [ids[:2], ids[2:]]


def test_below_another_path_the_link_is_so_too(member: Asker) -> None:
    for _ in range(2):
        member.id()
    below = member.within({"SCRIPT_NAME": "/cloud a"})
    assert (
        below("GET", "~/groups?limit=1")
        .headers["Link"]
        .startswith("</cloud%20a/v1.0/demo/groups?limit=1&marker=")
    )
