"""What the client sends and what it makes of answers, without a server."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import httpx
import pytest

from groupsolver import BadInput, Fleet, Host
from groupsolver.api.app import URL_MAP
from groupsolver.api.routes import ROUTES
from groupsolver.client import Client, InstanceRequest, ServerError, UnexpectedAnswer, Unreachable

URL = "http://127.0.0.1"
UNKNOWN = "00000000-0000-4000-8000-000000000000"
HOST = Host(name="h")


def refusal(call: Callable[[], object]) -> ServerError:
    with pytest.raises(ServerError) as caught:
        call()
    return caught.value


def test_what_is_no_value_is_refused_before_it_is_sent() -> None:
    with Client(URL, transport=httpx.MockTransport(lambda _: pytest.fail("it was sent"))) as client:
        for call in (
            lambda: client.groups.create(policies=["anti-afinity"]),
            lambda: client.groups.update(UNKNOWN, metadata={"": "x"}),
            lambda: client.place([]),
            lambda: client.place([InstanceRequest(resources={"VCPU": 1})], ttl=0),
        ):
            with pytest.raises(BadInput):
                call()


@pytest.mark.parametrize(
    ("url", "tenant", "token"),
    [
        ("127.0.0.1:8774", "t", None),
        ("ftp://h", "t", None),
        ("http://", "t", None),
        ("http://h/?a=b", "t", None),
        ("http://h:99999", "t", None),
        ("http://me:secret@h", "t", None),
        ("http://h", "", None),
        ("http://h", "t", ""),
        ("http://h", "t", "secret\n"),
        ("http://h", "t", "sécret"),
    ],
)
def test_what_cannot_be_a_server_a_project_or_a_token_is_refused(
    url: str, tenant: str, token: str | None
) -> None:
    with pytest.raises(BadInput) as caught:
        Client(url, tenant, token)
    assert "cret" not in str(caught.value)


class Scripted(httpx.BaseTransport):
    """Answers one after another, and keeps what was asked."""

    def __init__(self, *answers: httpx.Response | Exception) -> None:
        self.answers = list(answers)
        self.asked: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.asked.append(request)
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer


def failing(status: int = 503, code: str = "store-unavailable", **headers: str) -> httpx.Response:
    error = {"status": status, "code": code, "title": "t", "detail": "d", "request_id": "req-1"}
    return httpx.Response(
        status,
        json={"errors": [error]},
        headers={k.replace("_", "-"): v for k, v in headers.items()},
    )


PLACED = {
    "id": UNKNOWN,
    "status": "optimal",
    "objective": 1,
    "bound": 1,
    "gap": 0.0,
    "instances": [],
    "expires_at": None,
}


@pytest.fixture
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    waited: list[float] = []
    monkeypatch.setattr("groupsolver.client.session.time.sleep", waited.append)
    return waited


def test_what_is_refused_for_now_is_asked_again_under_the_same_key(waits: list[float]) -> None:
    script = Scripted(
        failing(Retry_After="2"),
        failing(Retry_After="0"),
        httpx.Response(201, json={"placement": PLACED}),
    )
    placed = Client(URL, transport=script).place([InstanceRequest(resources={"VCPU": 1})])
    assert placed.id == UNKNOWN
    assert len({request.headers["Idempotency-Key"] for request in script.asked}) == 1
    assert len({request.content for request in script.asked}) == 1
    assert [int(wait) for wait in waits] == [2, 0]


CALLS: dict[str, Callable[[Client], object]] = {
    "get": lambda c: c.groups.get(UNKNOWN),
    "list": lambda c: next(c.groups.list()),
    "put": lambda c: c.groups.update(UNKNOWN, name="x"),
    "delete": lambda c: c.groups.delete(UNKNOWN),
    "place": lambda c: c.place([InstanceRequest(resources={"VCPU": 1})]),
    "explain": lambda c: c.explain([InstanceRequest(resources={"VCPU": 1})]),
    "headroom": lambda c: c.headroom([InstanceRequest(resources={"VCPU": 1})]),
    "confirm": lambda c: c.confirm(UNKNOWN),
    "create": lambda c: c.groups.create(),
    "patch": lambda c: c.groups.patch(UNKNOWN, name="x"),
    "put-if": lambda c: c.groups.update(UNKNOWN, if_match='"1"', name="x"),
}
CALLS |= {
    "grants": lambda c: c.groups.grants(UNKNOWN),
    "grant": lambda c: c.groups.grant(UNKNOWN, "t"),
    "revoke": lambda c: c.groups.revoke(UNKNOWN, "t"),
    "adopt": lambda c: c.groups.adopt(UNKNOWN, [UNKNOWN]),
    "adopt-if": lambda c: c.groups.adopt(UNKNOWN, [UNKNOWN], if_match='"1"'),
    "release": lambda c: c.groups.release(UNKNOWN, [UNKNOWN]),
    "release-if": lambda c: c.groups.release(UNKNOWN, [UNKNOWN], if_match='"1"'),
    "preview": lambda c: c.groups.preview(UNKNOWN, name="x"),
}
ONCE = {"adopt-if", "release-if", "preview", "create", "patch", "put-if"}


@pytest.mark.parametrize("call", CALLS)
def test_only_what_may_come_twice_is_sent_again_and_not_for_ever(
    call: str, waits: list[float]
) -> None:
    script = Scripted(*(failing(Retry_After="1") for _ in range(9)))
    error = refusal(lambda: CALLS[call](Client(URL, transport=script)))
    assert error.code == "store-unavailable"
    assert len(script.asked) == (1 if call in ONCE else 4)


@pytest.mark.parametrize(
    "answer",
    [
        failing(),  # it does not say when
        failing(Retry_After="3600"),
        failing(Retry_After="Mon, 23 Nov 2026 10:00:00 GMT"),
        failing(409, "idempotency-in-flight", Retry_After="1"),
        failing(500, "internal-error"),
        failing(code="no-answer-in-time", Retry_After="5"),  # it would take as long again
    ],
    ids=lambda answer: str(answer.status_code),
)
def test_other_refusals_are_final(answer: httpx.Response, waits: list[float]) -> None:
    script = Scripted(answer)
    refusal(lambda: Client(URL, transport=script).place([InstanceRequest(resources={"VCPU": 1})]))
    assert (len(script.asked), waits) == (1, [])


def test_none_is_sent_again_where_no_retries_are_wanted(waits: list[float]) -> None:
    script = Scripted(failing(Retry_After="1"))
    refusal(lambda: Client(URL, transport=script, retries=0).groups.get(UNKNOWN))


@pytest.mark.parametrize(
    "answer",
    [
        httpx.Response(200, text="<html>hello</html>"),
        httpx.Response(200, json={"groups": "none"}),
        httpx.Response(404, text="not here"),
        httpx.Response(502, json={"message": "bad gateway"}),
        httpx.Response(302, headers={"Location": "http://elsewhere"}),
        httpx.Response(400, json={"errors": []}),
    ],
    ids=lambda answer: str(answer.status_code),
)
def test_another_kind_of_server_is_told_from_ours(answer: httpx.Response) -> None:
    with pytest.raises(UnexpectedAnswer) as caught:
        next(Client(URL, transport=Scripted(answer)).groups.list())
    assert caught.value.status == answer.status_code
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("failure", "maybe_done"),
    [
        (httpx.ConnectError("[Errno 111] Connection refused"), False),
        (httpx.ConnectTimeout("slow"), False),
        (httpx.ReadTimeout("slow"), True),
        (httpx.RemoteProtocolError("Server disconnected without sending a response."), True),
    ],
)
def test_no_answer_is_one_error_that_says_whether_the_request_may_have_arrived(
    failure: Exception, maybe_done: bool
) -> None:
    with pytest.raises(
        Unreachable, match=r"http://127\.0\.0\.1 cannot be reached: [^\[]+$"
    ) as caught:
        Client(URL, transport=Scripted(failure)).groups.get(UNKNOWN)
    assert caught.value.maybe_done == maybe_done


def test_the_token_is_sent_and_shown_nowhere() -> None:
    script = Scripted(httpx.Response(200, json={"groups": []}))
    client = Client("http://127.0.0.1:1/below/", "a b/c", "gs_secret", transport=script)
    assert list(client.groups.list(name="x&y")) == []
    (request,) = script.asked
    assert request.headers["X-Auth-Token"] == "gs_secret"
    assert request.url.raw_path == b"/below/v1.0/a%20b%2Fc/groups?name=x%26y&limit=1000"
    held: list[Any] = [
        client,
        client.groups,
        client.fleet,
        *vars(client).values(),
        *vars(client.groups).values(),
    ]
    session = client._session
    held += [session, *vars(session).values(), session._http.headers]
    assert all("secret" not in repr(one) for one in held)


def test_a_proxy_of_the_environment_is_not_asked_for_this_machine(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("HTTP_PROXY", "http://proxy.invalid:3128")
    with Client("http://127.0.0.1:1") as client, pytest.raises(Unreachable, match="refused"):
        client.groups.get(UNKNOWN)


def test_the_client_knows_every_path_of_the_api() -> None:
    there = {(route.method, route.path) for route in ROUTES if route.family == "v1"} - {
        ("UPDATE", "/v1.0/<tenant_id>/groups/<id>")
    }
    asked: set[tuple[str, str]] = set()

    def answer(request: httpx.Request) -> httpx.Response:
        route, _ = URL_MAP.bind("h").match(request.url.path, request.method)
        asked.add((route.method, route.path))
        raise httpx.ConnectError("enough")

    client = Client("http://h", "t", transport=httpx.MockTransport(answer))
    fleet: list[Callable[[Client], object]] = [
        lambda c: c.fleet.get(),
        lambda c: c.fleet.put(Fleet(hosts=(HOST,))),
        lambda c: c.fleet.host("h"),
        lambda c: c.fleet.put_host(HOST),
        lambda c: c.fleet.delete_host("h"),
        lambda c: next(c.instances.list()),
        lambda c: c.instances.get(UNKNOWN),
        lambda c: c.instances.delete(UNKNOWN),
    ]
    for call in [*CALLS.values(), *fleet]:
        with pytest.raises(Unreachable):
            call(client)
    assert asked == there


def test_the_library_alone_brings_no_http() -> None:
    code = (
        "import groupsolver, groupsolver.cli.parser, sys, json; "
        "print(json.dumps('httpx' in sys.modules))"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(run.stdout) is False
