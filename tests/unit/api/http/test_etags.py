"""``ETag`` and ``If-Match``."""

from __future__ import annotations

import pytest
from werkzeug.test import EnvironBuilder
from werkzeug.wrappers import Request

from groupsolver.api.http.etags import check_if_match, etag_header, group_tag
from groupsolver.store.entities import StoredGroup
from groupsolver.store.errors import Stale


def request(if_match: str | None = None) -> Request:
    headers = [] if if_match is None else [("If-Match", if_match)]
    return EnvironBuilder(headers=headers).get_request()


@pytest.mark.parametrize("if_match", [None, '"7"', '"6", "7"', "*"])
def test_a_state_that_is_named_or_not_asked_for_is_accepted(if_match: str | None) -> None:
    check_if_match(request(if_match), 7, "host 'a'")


@pytest.mark.parametrize("if_match", ['"6"', '"77"', "7-", 'W/"7"'])
def test_another_state_is_stale(if_match: str) -> None:
    with pytest.raises(Stale, match="host 'a' has changed"):
        check_if_match(request(if_match), 7, "host 'a'")


def test_the_tag_of_a_group_changes_with_its_generation_and_its_members() -> None:
    def group(generation: int, *members: str) -> StoredGroup:
        return StoredGroup(
            id="g", tenant_id="shop", user_id="ann", members=members, generation=generation
        )

    tags = {group_tag(group(1)), group_tag(group(2)), group_tag(group(1, "a"))}
    assert len(tags) == 3
    assert etag_header(group_tag(group(1, "a"))) == {"ETag": '"1-1"'}
