"""The server as a process: what it answers, and how it ends when it is told to."""

from __future__ import annotations

import json
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from http.client import HTTPConnection, HTTPResponse
from typing import Any

import pytest

from groupsolver.api.server.channel import MAX_BODY, SMALL_BODY
from groupsolver.api.server.waitress_server import Server, bind
from tests.support.drivers.serve_driver import app
from tests.support.drivers.server_process import SOON, ServerProcess, body_of, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to be heard")
DRIVER = "tests.support.drivers.serve_driver"


IDLE, STALLED = 0.2, 0.5  # seconds


@pytest.fixture
def served() -> Iterator[ServerProcess]:
    """A server that waits long for stalled clients: these tests may be slow themselves."""
    yield from serving(ServerProcess(DRIVER, "30", str(IDLE), "5"))


@pytest.fixture
def strict() -> Iterator[ServerProcess]:
    """A server that closes the connections of stalled clients soon."""
    yield from serving(ServerProcess(DRIVER, "30", str(IDLE), str(STALLED)))


@pytest.fixture
def hasty() -> Iterator[ServerProcess]:
    """A server that gives requests in flight little time."""
    yield from serving(ServerProcess(DRIVER, "0.5", str(IDLE), "5"))


# A client that waits for its answer is not stalled, however long the answer takes.
@pytest.mark.parametrize(
    ("number", "seconds"), [(signal.SIGTERM, 3 * STALLED), (signal.SIGINT, 0.2)]
)
def test_a_request_in_flight_is_answered_and_nobody_new_is_let_in(
    strict: ServerProcess, number: int, seconds: float
) -> None:
    served = strict
    slow = served.begin(f"/slow?{seconds}")
    served.signal(number)
    served.until_refused()
    answer, body = body_of(slow)
    assert (answer.status, body) == (200, b"answered")
    assert answer.headers["Connection"] == "close"
    start = time.monotonic()
    assert served.end() == (0, "left\n")
    assert time.monotonic() - start < SOON


def test_nothing_in_flight_ends_at_once(served: ServerProcess) -> None:
    start = served.signal()
    assert served.end() == (0, "left\n")
    assert time.monotonic() - start < SOON


def test_requests_that_wait_for_a_thread_are_answered_too(served: ServerProcess) -> None:
    # Three threads for six requests: three wait.
    at_work = [served.begin("/slow?0.5") for _ in range(3)]
    waiting = [served.connect() for _ in range(3)]
    for connection in waiting:
        connection.request("GET", "/slow?0.5")
    time.sleep(0.1)
    served.signal()
    assert [body_of(connection)[1] for connection in at_work + waiting] == [b"answered"] * 6
    assert served.end()[0] == 0


def test_an_answer_that_is_read_slowly_is_sent_to_its_end(served: ServerProcess) -> None:
    size = 8_000_000  # more than the system's buffers hold
    slow = served.begin(f"/big?{size}")
    time.sleep(0.3)  # its thread is done, and most of the answer waits to be sent
    served.signal()
    served.until_refused()
    answer = slow.getresponse()
    got = b""
    while chunk := answer.read(2_000_000):
        got += chunk
        time.sleep(0.1)
    assert len(got) == size
    assert served.end()[0] == 0


def test_a_request_that_is_being_sent_is_answered(served: ServerProcess) -> None:
    half = served.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(0.2)
    served.signal()
    served.until_refused()
    time.sleep(2 * IDLE)  # longer than an idle connection is kept
    half.sendall(b"def")
    with half.makefile("rb") as answer:
        assert answer.read().endswith(b"\r\n\r\nabcdef")
    assert served.end()[0] == 0


def test_a_request_that_stays_half_sent_is_given_up(strict: ServerProcess) -> None:
    served = strict
    half = served.raw(b"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: 6\r\n\r\nabc")
    time.sleep(0.2)
    start = served.signal()
    assert half.recv(100) == b""
    assert served.end()[0] == 0
    assert time.monotonic() - start < STALLED + SOON


def test_connections_at_rest_are_closed(served: ServerProcess) -> None:
    kept = served.begin("/echo")
    assert body_of(kept)[0].headers["Connection"] is None  # kept alive
    fresh = served.raw(b"")
    start = served.signal()
    assert kept.sock.recv(1) == b""
    assert fresh.recv(1) == b""
    assert served.end()[0] == 0
    assert time.monotonic() - start < SOON


def test_who_keeps_asking_on_one_connection_does_not_keep_the_server(served: ServerProcess) -> None:
    kept = served.begin("/echo")
    body_of(kept)
    served.signal()
    count = 0
    with suppress(OSError):  # it may be closed between two requests
        while count < 2000:
            kept.auto_open = 0
            kept.request("GET", "/echo")
            answer, _ = body_of(kept)
            count += 1
            if answer.headers["Connection"] == "close":
                break
    assert count < 2000
    assert served.end()[0] == 0


def test_requests_that_take_too_long_are_cut_off_and_the_exit_code_says_so(
    hasty: ServerProcess,
) -> None:
    slow = hasty.begin("/slow?20")
    start = hasty.signal()
    with pytest.raises(OSError, match=r"reset|closed"):
        slow.getresponse()
    assert hasty.process.wait(30) == 128 + signal.SIGTERM
    assert time.monotonic() - start < SOON


def test_a_second_signal_leaves_at_once(served: ServerProcess) -> None:
    served.begin("/slow?20")
    served.signal()
    served.until_refused()
    start = served.signal(signal.SIGINT)
    assert served.process.wait(30) == 128 + signal.SIGINT
    assert time.monotonic() - start < SOON


def test_many_requests_while_it_ends_are_each_answered_whole_or_not_begun(
    served: ServerProcess,
) -> None:
    ends: list[Any] = []
    over = time.monotonic() + 60

    def ask() -> None:
        while time.monotonic() < over:
            connection = HTTPConnection("127.0.0.1", served.port, timeout=30)
            try:
                connection.request("GET", "/big?1000")
                ends.append(len(connection.getresponse().read()))
            except ConnectionRefusedError:
                ends.append("refused")
                return
            except OSError as error:
                ends.append(repr(error))
            finally:
                connection.close()

    threading.Thread(target=lambda: list(served.process.stdout), daemon=True).start()
    askers = [threading.Thread(target=ask) for _ in range(4)]
    for asker in askers:
        asker.start()
    while len(ends) < 100 and time.monotonic() < over:
        time.sleep(0.01)
    served.signal()
    for asker in askers:
        asker.join(90)
    assert served.process.wait(30) == 0
    assert {1000, "refused"} <= set(ends)
    # A connection that arrives just as the socket is closed may be reset, but no answer is cut.
    lost = [end for end in ends if end not in {1000, "refused"}]
    assert len(lost) <= 4
    assert all("reset" in end or "closed" in end or "Broken pipe" in end for end in lost)


@pytest.fixture
def here() -> Iterator[int]:
    """A server in this process; its port."""
    sockets = bind("127.0.0.1", 0)
    server = Server(app, sockets, threads=2)
    clean: list[bool] = []
    thread = threading.Thread(target=lambda: clean.append(server.run()))
    thread.start()
    try:
        yield int(sockets[0].getsockname()[1])
    finally:
        server.stop()
        thread.join(30)
    assert clean == [True]


def ask(
    port: int, method: str, path: str, headers: dict[str, str] | None = None
) -> tuple[HTTPResponse, bytes]:
    connection = HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request(method, path, headers=headers or {})
    answer = connection.getresponse()
    body = answer.read()
    connection.close()
    return answer, body


def test_the_method_update_arrives(here: int) -> None:
    _, body = ask(here, "UPDATE", "/environ")
    assert json.loads(body)["REQUEST_METHOD"] == "UPDATE"


def test_no_answer_names_the_server(here: int) -> None:
    answer, body = ask(here, "GET", "/environ")
    assert answer.headers["Server"] is None
    assert json.loads(body)["SERVER_SOFTWARE"] == "groupsolver"  # text, as WSGI wants it


def test_forwarding_headers_arrive_so_that_they_can_be_refused_and_change_nothing(
    here: int,
) -> None:
    sent = {
        "X-Forwarded-For": "9.9.9.9",
        "X-Forwarded-Host": "evil",
        "X-Forwarded-Proto": "https",
        "Forwarded": "for=9",
    }
    environ = json.loads(ask(here, "GET", "/environ", sent)[1])
    assert environ["HTTP_X_FORWARDED_FOR"] == "9.9.9.9"
    assert environ["HTTP_FORWARDED"] == "for=9"
    assert environ["REMOTE_ADDR"] == "127.0.0.1"
    assert environ["wsgi.url_scheme"] == "http"


@pytest.mark.parametrize(
    ("method", "path", "size", "status"),
    [
        ("POST", "/echo", SMALL_BODY, 413),
        ("PUT", "/v1.0/fleet/hosts/a", SMALL_BODY, 413),
        ("POST", "/v1.0/fleet", SMALL_BODY, 413),
        ("PUT", "/v1.0/fleet", MAX_BODY, 413),
        ("POST", "/echo", "x", 400),
    ],
)
def test_what_cannot_be_a_request_is_answered_in_the_apps_form(
    here: int, method: str, path: str, size: int | str, status: int
) -> None:
    with socket.create_connection(("127.0.0.1", here), timeout=30) as connection:
        connection.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nContent-Length: {size}\r\n\r\n".encode()
        )
        answer = b"".join(iter(lambda: connection.recv(4096), b""))
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(f"HTTP/1.1 {status} ".encode())
    (error,) = json.loads(body)["errors"]
    assert error["status"] == status
    assert f"X-Openstack-Request-Id: {error['request_id']}".encode() in head
    assert b"Vary: Accept" in head


def test_a_fleet_may_be_larger_than_anything_else(here: int) -> None:
    with socket.create_connection(("127.0.0.1", here), timeout=30) as connection:
        head = f"PUT /v1.0/fleet HTTP/1.1\r\nHost: x\r\nContent-Length: {SMALL_BODY + 1}\r\n\r\n"
        connection.sendall(head.encode() + b"x" * (SMALL_BODY + 1))
        assert connection.recv(1000).startswith(b"HTTP/1.1 200 ")  # all of it was taken


@pytest.mark.parametrize("size", [MAX_BODY, 2**70])
def test_a_body_that_nothing_takes_is_refused_by_its_announced_length(here: int, size: int) -> None:
    with socket.create_connection(("127.0.0.1", here), timeout=30) as connection:
        head = f"POST /echo HTTP/1.1\r\nHost: x\r\nContent-Length: {size + 1}\r\n\r\n"
        connection.sendall(head.encode())
        assert connection.recv(1000).startswith(b"HTTP/1.1 413 ")
