"""Whatever is sent is answered, in the form that is asked for, and never as a failure of ours."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies import explain, headroom
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupRequest
from groupsolver.wire.bodies.placements import PlacementRequest
from groupsolver.wire.read import read_data
from groupsolver.wire.write import write_body
from groupsolver.wire.xml.shape import shape_of
from tests.support.draws.bodies import (
    EXPLAIN_ASKED,
    FLEET,
    GROUP_ASKED,
    HEADROOM_ASKED,
    HOST,
    PLACEMENT_ASKED,
    like,
    wrapped,
)
from tests.support.drivers.api_driver import Asker, World, hosts, opened

DRAWS = (settings.default or settings()).max_examples // 2
# Verb, path, model, root, and a body that is sound in itself.
PLACES: list[tuple[str, str, type[Value], str | None, st.SearchStrategy[Any]]] = [
    ("POST", "~/groups", GroupRequest, None, wrapped("group", GROUP_ASKED)),
    ("PUT", "~/groups/{id}", GroupRequest, None, wrapped("group", GROUP_ASKED)),
    ("PATCH", "~/groups/{id}", GroupRequest, None, wrapped("group", GROUP_ASKED)),
    (
        "POST",
        "~/placements?dry_run=true",
        PlacementRequest,
        None,
        wrapped("placement", PLACEMENT_ASKED),
    ),
    ("POST", "~/explain", explain.ExplainRequest, None, wrapped("placement", EXPLAIN_ASKED)),
    ("POST", "~/headroom", headroom.HeadroomRequest, None, wrapped("placement", HEADROOM_ASKED)),
    ("PUT", "/v1.0/fleet", Fleet, "fleet", FLEET),
    ("PUT", "/v1.0/fleet/hosts/h1", Host, "host", HOST.map(lambda host: {**host, "name": "h1"})),
]


class Shared:
    """One application for all draws: what one leaves behind the next may meet."""

    def __init__(self, world: World) -> None:
        self.admin: Asker = world.asker("demo", "admin")
        self.admin.load(*hosts())
        self.group = self.admin.id()


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shared]:
    with opened(tmp_path_factory.mktemp("laws"), quota={"groups": -1}) as world:
        yield Shared(world)


def answered(shared: Shared, method: str, path: str, sent: bytes, kind: Any) -> int:
    media = f"application/{kind}"
    path = path.format(id=shared.group)
    answer = shared.admin(method, path, sent, Content_Type=media, Accept=media)
    assert answer.status_code in {200, 201, 204, 400, 403, 404, 409, 503}, answer.text
    if answer.status_code == 503:  # some draws give a placement no time at all
        assert "no-answer-in-time" in answer.text
    if answer.status_code >= 400:
        error_body = read_data(kind, answer.data, ErrorsAnswer)
        assert {error["status"] for error in error_body["errors"]} == {answer.status_code}
    return answer.status_code


@pytest.mark.parametrize(("method", "path", "model", "root", "sound"), PLACES)
@settings(max_examples=DRAWS)
@given(data=st.data())
def test_any_body_is_answered(
    shared: Shared,
    method: str,
    path: str,
    model: type[Value],
    root: str | None,
    sound: st.SearchStrategy[Any],
    data: st.DataObject,
) -> None:
    body = data.draw(sound | like(shape_of(model)))
    answered(shared, method, path, json.dumps(body).encode(), "json")
    answered(shared, method, path, write_body("xml", body, model, root=root), "xml")


@given(path=st.text(max_size=20), method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"]))
def test_any_path_is_answered(shared: Shared, path: str, method: str) -> None:
    for start in (
        "~/",
        "~/groups/",
        "~/groups?",
        "~/instances/",
        "/v1.0/",
        "/v1.0/fleet/hosts/",
        "/v2.1/",
        "/",
    ):
        answer = shared.admin(
            method, start + quote(path, errors="replace"), Accept="application/xml, */*;q=0.1"
        )
        assert answer.status_code < 500, (start, answer.text)


@given(
    headers=st.dictionaries(
        st.sampled_from(
            [
                "Accept",
                "Content_Type",
                "If_Match",
                "Idempotency_Key",
                "Host",
                "X_Openstack_Request_Id",
            ]
        ),
        st.text(
            st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f"),
            max_size=30,
        ),
    )
)
def test_any_headers_are_answered(shared: Shared, headers: dict[str, str]) -> None:
    requests: list[tuple[str, str, Any]] = [
        ("GET", "~/groups", None),
        ("PATCH", f"~/groups/{shared.group}", {"group": {}}),
        ("POST", "~/placements?dry_run=true", {"placement": {"instances": []}}),
        ("GET", "/v2.1/", None),
    ]
    for method, path, body in requests:
        answer = shared.admin(method, path, body, **headers)
        assert answer.status_code < 500, answer.text
