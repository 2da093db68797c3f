"""The server's loop in this process: the corners of how it ends, and what it binds."""

from __future__ import annotations

import socket
import sys
import threading
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from groupsolver.api.server.waitress_server import Server, bind, serve_app
from tests.support.drivers.serve_driver import app

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIEnvironment

REQUEST = b"GET /echo HTTP/1.1\r\nHost: x\r\n\r\n"


@pytest.fixture
def sockets() -> Iterator[list[socket.socket]]:
    made = bind("127.0.0.1", 0)
    yield made
    for one in made:
        one.close()


def connected(sockets: list[socket.socket]) -> socket.socket:
    return socket.create_connection(sockets[0].getsockname(), timeout=30)


def test_who_has_connected_before_the_end_is_answered(sockets: list[socket.socket]) -> None:
    server = Server(app, sockets, threads=1)
    with connected(sockets) as client:  # the system has let it in, the server has not seen it yet
        client.sendall(REQUEST)
        server.stop()
        assert server.run()
        assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")


def test_stopping_wakes_a_loop_that_has_nothing_to_do(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(app, sockets, threads=1)
    poll = server._poll
    monkeypatch.setattr(server, "_poll", lambda timeout: poll(60 * timeout))
    thread = threading.Thread(target=server.run)
    thread.start()
    time.sleep(0.1)
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_a_server_that_ends_at_once_is_not_woken_through_what_it_has_closed(
    sockets: list[socket.socket], monkeypatch: pytest.MonkeyPatch
) -> None:
    server = Server(app, sockets, threads=1)
    pull = server._listeners[0].pull_trigger
    poll = server._poll
    monkeypatch.setattr(server, "_poll", lambda timeout: poll(timeout / 10))
    thread = threading.Thread(target=server.run)

    def late() -> None:
        thread.join(0.5)  # longer than a loop takes that has seen the request to stop
        pull()

    monkeypatch.setattr(server._listeners[0], "pull_trigger", late)
    thread.start()
    server.stop()
    thread.join(20)
    assert not thread.is_alive()


def test_work_for_a_client_that_has_gone_is_finished_first(sockets: list[socket.socket]) -> None:
    begun, go_on, done = threading.Event(), threading.Event(), threading.Event()

    def long(environ: WSGIEnvironment, start_response: StartResponse) -> Iterator[bytes]:
        start_response("200 OK", [])
        yield b"x" * 8_000_000
        begun.set()
        assert go_on.wait(60)
        done.set()

    server = Server(long, sockets, threads=1)
    clean: list[bool] = []
    thread = threading.Thread(target=lambda: clean.append(server.run()))
    thread.start()
    with connected(sockets) as client:
        client.sendall(REQUEST)
        assert begun.wait(20)
        client.recv(1)
    until = time.monotonic() + 20
    while server._channels() and time.monotonic() < until:  # its connection is closed here too
        time.sleep(0.01)
    assert server._channels() == []
    server.stop()
    thread.join(0.3)
    assert thread.is_alive()
    go_on.set()
    thread.join(20)
    assert done.is_set()
    assert clean == [True]


def test_a_port_that_is_taken_is_an_error(sockets: list[socket.socket]) -> None:
    sockets[0].listen()
    with pytest.raises(OSError, match="in use"):
        bind("127.0.0.1", sockets[0].getsockname()[1])


@pytest.mark.skipif(
    not sys.platform.startswith("linux"), reason="elsewhere 127.0.0.2 is no address"
)
def test_every_address_of_a_host_gets_the_same_port_and_one_that_is_not_here_is_left_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    hosts = ("192.0.2.1", "127.0.0.1", "127.0.0.2")
    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (host, 0)) for host in hosts]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    sockets = bind("localhost", 0)
    try:
        assert [one.getsockname()[0] for one in sockets] == ["127.0.0.1", "127.0.0.2"]
        assert len({one.getsockname()[1] for one in sockets}) == 1
        monkeypatch.undo()
        server = Server(app, sockets, threads=1)
        with connected(sockets[:1]) as first, connected(sockets[1:]) as second:
            for client in (first, second):
                client.sendall(REQUEST)
            server.stop()
            assert server.run()
            for client in (first, second):
                assert client.recv(1000).startswith(b"HTTP/1.1 200 OK\r\n")
    finally:
        for one in sockets:
            one.close()


def test_signals_are_heard_on_the_main_thread_alone(sockets: list[socket.socket]) -> None:
    messages: list[str] = []

    def serve() -> None:
        try:
            serve_app(app, sockets, threads=1)
        except RuntimeError as error:
            messages.append(str(error))

    thread = threading.Thread(target=serve)
    thread.start()
    thread.join(20)
    assert messages == ["expected the main thread: only it handles signals"]
