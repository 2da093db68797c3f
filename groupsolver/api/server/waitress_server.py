"""An app behind waitress, and how it ends: what was begun is answered, what was not is refused.

Waitress alone cuts requests off when it is stopped; this is its loop with a second half.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType
from typing import TYPE_CHECKING, Any

from waitress import wasyncore
from waitress.server import BaseWSGIServer, create_server

from groupsolver.api.server.channel import MAX_BODY, Channel

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

_IDLE = 0.5  # seconds that a connection at rest is still listened to, once the server stops
_STUCK = (
    5.0  # seconds without a byte, half a request or answer left, after which its client is given up
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def bind(host: str, port: int) -> list[socket.socket]:
    """Bind every address of a host, not listening yet; port 0 is any free one, the same for all.

    Raises
    ------
    OSError
        Where the host has no address here, or the port is taken.
    """
    bound: list[socket.socket] = []
    missing: OSError | None = None
    for info in dict.fromkeys(
        socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    ):
        family, address = info[0], info[4]
        try:
            bound.append(_bound(family, (address[0], _port(bound, port), *address[2:])))
        except OSError as error:
            if error.errno in {
                errno.EADDRNOTAVAIL,
                errno.EAFNOSUPPORT,
            }:  # localhost may name ::1 where there is none
                missing = error
                continue
            for other in bound:
                other.close()
            raise
    if missing is not None and not bound:
        raise missing
    return bound


def _port(bound: Sequence[socket.socket], port: int) -> int:
    return int(bound[0].getsockname()[1]) if bound else port


def _bound(family: int, address: tuple[Any, ...]) -> socket.socket:
    made = socket.socket(family, socket.SOCK_STREAM)
    try:
        if os.name == "posix":  # elsewhere it would let two servers share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class Server:
    """A WSGI app on sockets that are bound; clients may connect as soon as it is made.

    Parameters
    ----------
    app : WSGI callable
    sockets : sequence of socket
        From `bind`; the server closes them.
    threads : int, default 8
        Requests at once.
    patience : float, default 40
        Seconds that requests in flight are given once the server stops.
    """

    def __init__(
        self,
        app: WSGIApplication,
        sockets: Sequence[socket.socket],
        *,
        threads: int = 8,
        patience: float = 40.0,
    ) -> None:
        self._patience = patience
        self._asked = 0
        self._closed = False
        # Held where the trigger is pulled or taken away; a signal's handler may come in while its own thread holds it.
        self._trigger = threading.RLock()
        self._map: dict[int, Any] = {}
        self._dispatcher = create_server(
            app,
            map=self._map,
            sockets=list(sockets),
            threads=threads,
            connection_limit=512,
            channel_timeout=60,
            cleanup_interval=10,
            max_request_body_size=MAX_BODY,
            max_request_header_size=64 * 2**10,
            ident=None,
            # Left as they come: the app trusts none of them, and refuses them where nobody may forward.
            clear_untrusted_proxy_headers=False,
        ).task_dispatcher
        self._listeners = [it for it in self._map.values() if isinstance(it, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = Channel
            listener.stopping = False

    def run(self) -> bool:
        """Serve until `stop`, then end; say whether all that was begun was answered."""
        while not self._asked:
            self._turn(1.0)
        self._refuse()
        end = time.monotonic() + self._patience
        while self._at_work() and self._asked == 1 and time.monotonic() < end:
            self._turn(0.05)
            self._close_idle()
        clean = not self._at_work()
        self._close()
        return clean

    def stop(self) -> None:
        """Ask the server to end, from a signal's handler or any thread; asked twice, it waits for nobody."""
        with self._trigger:
            self._asked += 1
            if not self._closed:
                self._listeners[0].pull_trigger()  # wakes the loop

    def _turn(self, timeout: float) -> None:
        # poll, where there is one: select fails beyond the 1024th open file
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _channels(self) -> list[Any]:
        return [
            channel
            for listener in self._listeners
            for channel in list(listener.active_channels.values())
        ]

    def _at_work(self) -> bool:
        # Threads whose client has gone may be at work too, on the database above all.
        return bool(self._channels() or self._dispatcher.queue or self._dispatcher.active_count)

    def _refuse(self) -> None:
        """Listen no more, after letting in who has connected already: the system would reset those."""
        for listener in self._listeners:
            listener.stopping = True
            while listener.accepting and len(self._map) < listener.adj.connection_limit:
                before = len(self._map)
                listener.handle_accept()
                if len(self._map) == before:
                    break
            # Not the listener's own close: it takes the trigger away, which answers under way still pull.
            wasyncore.dispatcher.close(listener)

    def _close_idle(self) -> None:
        now = time.time()  # waitress's clock
        for channel in self._channels():
            if (
                now - channel.last_activity > (_STUCK if _busy(channel) else _IDLE)
                and not channel.requests
            ):
                channel.handle_close()

    def _close(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        self._dispatcher.shutdown(timeout=0.5)
        with self._trigger:
            self._closed = True
        if not self._dispatcher.threads:  # those that are left may still pull a trigger
            wasyncore.close_all(self._map)


def _busy(channel: Any) -> bool:
    """Whether a request is being received, worked on, or its answer not all sent."""
    return bool(channel.requests or channel.request is not None or channel.total_outbufs_len)


def serve_app(
    app: WSGIApplication,
    sockets: Sequence[socket.socket],
    *,
    threads: int = 8,
    ready: Callable[[], object] = lambda: None,
    patience: float = 40.0,
) -> int:
    """Serve until SIGTERM or SIGINT, on the main thread of a process.

    Then nobody new is let in, requests in flight are answered within `patience` seconds, and connections at rest
    are closed. A second signal leaves at once.

    Parameters
    ----------
    ready : callable
        Called once signals are heard and clients may connect.

    Returns
    -------
    int
        The exit code: 0, or 128 + the signal where requests were cut off. Then threads may still be at work,
        which Python cannot end: leave with `os._exit`.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("expected the main thread: no other hears signals")
    server = Server(app, sockets, threads=threads, patience=patience)
    with _heard(server.stop) as heard:
        ready()
        clean = server.run()
    return 0 if clean else 128 + heard[-1]


@contextmanager
def _heard(stop: Callable[[], None]) -> Iterator[list[int]]:
    heard: list[int] = []

    def hear(number: int, _frame: FrameType | None) -> None:
        heard.append(number)
        stop()

    before = {number: signal.signal(number, hear) for number in _SIGNALS}
    try:
        yield heard
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
