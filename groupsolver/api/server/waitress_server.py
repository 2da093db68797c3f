"""A waitress server that ends gracefully: requests in flight are answered before it stops.

Waitress alone cuts off all requests when it is stopped.
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

# While the server stops: seconds after which a connection is closed that is idle, or that has sent
# or received nothing in the middle of a request or an answer.
_IDLE_TIMEOUT = 0.5
_STALLED_TIMEOUT = 5.0
_SIGNALS = (signal.SIGTERM, signal.SIGINT)


def bind(host: str, port: int) -> list[socket.socket]:
    """Return sockets bound to every address of a host, not listening yet.

    Port 0 means any free port, the same for all addresses.

    Raises
    ------
    OSError
        The host has no address on this machine, or the port is taken.
    """
    bound: list[socket.socket] = []
    missing: OSError | None = None
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    for family, _, _, _, address in dict.fromkeys(found):
        try:
            bound.append(_bound(family, (address[0], _port(bound, port), *address[2:])))
        except OSError as error:
            # localhost may resolve to ::1 on a machine without IPv6.
            if error.errno in {errno.EADDRNOTAVAIL, errno.EAFNOSUPPORT}:
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
        if os.name == "posix":  # on Windows it would let two servers share a port
            made.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if family == socket.AF_INET6:
            made.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 1)
        made.bind(address)
    except OSError:
        made.close()
        raise
    return made


class Server:
    """A WSGI app on bound sockets; clients may connect as soon as it is made.

    Parameters
    ----------
    app : WSGI callable
    sockets : sequence of socket
        From `bind`; the server closes them.
    threads : int, default 8
        Requests at once.
    drain_timeout : float, default 40
        Seconds for requests in flight once the server stops.
    idle_timeout, stalled_timeout : float, default 0.5 and 5
        Seconds after which a connection is closed while the server stops: one without a request,
        and one that sends or receives nothing in the middle of a request or an answer.
    """

    def __init__(
        self,
        app: WSGIApplication,
        sockets: Sequence[socket.socket],
        *,
        threads: int = 8,
        drain_timeout: float = 40.0,
        idle_timeout: float = _IDLE_TIMEOUT,
        stalled_timeout: float = _STALLED_TIMEOUT,
    ) -> None:
        self._drain_timeout = drain_timeout
        self._idle_timeout = idle_timeout
        self._stalled_timeout = stalled_timeout
        self._stop_requests = 0
        self._closed = False
        # Held while the trigger is pulled or removed. It is reentrant, since a signal handler may
        # run in the thread that holds it.
        self._trigger_lock = threading.RLock()
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
            # The app trusts no such header, and has to see them to refuse forwarded requests.
            clear_untrusted_proxy_headers=False,
        ).task_dispatcher
        self._listeners = [it for it in self._map.values() if isinstance(it, BaseWSGIServer)]
        for listener in self._listeners:
            listener.channel_class = Channel
            listener.stopping = False

    def run(self) -> bool:
        """Serve until `stop`, then end. Return whether every request in flight was answered."""
        while not self._stop_requests:
            self._poll(1.0)
        self._stop_listening()
        end = time.monotonic() + self._drain_timeout
        while self._is_busy() and self._stop_requests == 1 and time.monotonic() < end:
            self._poll(0.05)
            self._close_idle()
        clean = not self._is_busy()
        self._close()
        return clean

    def stop(self) -> None:
        """Ask the server to end; a second call ends it at once.

        It may be called from a signal handler or any thread.
        """
        with self._trigger_lock:
            self._stop_requests += 1
            if not self._closed:
                self._listeners[0].pull_trigger()  # wakes the loop

    def _poll(self, timeout: float) -> None:
        # `poll` where it exists: `select` fails for file descriptors above 1023.
        wasyncore.loop(timeout=timeout, use_poll=True, map=self._map, count=1)

    def _channels(self) -> list[Any]:
        channels: list[Any] = []
        for listener in self._listeners:
            channels.extend(listener.active_channels.values())
        return channels

    def _is_busy(self) -> bool:
        # A thread may be at work, e.g. on the database, after its client has disconnected.
        return bool(self._channels() or self._dispatcher.queue or self._dispatcher.active_count)

    def _stop_listening(self) -> None:
        """Close the listening sockets, after accepting the connections that the system has queued.

        The system would reset queued connections.
        """
        for listener in self._listeners:
            listener.stopping = True
            while listener.accepting and len(self._map) < listener.adj.connection_limit:
                before = len(self._map)
                listener.handle_accept()
                if len(self._map) == before:
                    break
            # The listener's own `close` would remove the trigger, which answers in progress need.
            wasyncore.dispatcher.close(listener)

    def _close_idle(self) -> None:
        now = time.time()  # waitress's clock
        for channel in self._channels():
            timeout = self._stalled_timeout if _is_exchanging(channel) else self._idle_timeout
            if now - channel.last_activity > timeout and not channel.requests:
                channel.handle_close()

    def _close(self) -> None:
        for channel in self._channels():
            channel.handle_close()
        self._dispatcher.shutdown(timeout=0.5)
        with self._trigger_lock:
            self._closed = True
        if not self._dispatcher.threads:  # threads that are left may still pull a trigger
            wasyncore.close_all(self._map)


def _is_exchanging(channel: Any) -> bool:
    """Return whether a channel receives a request, works on one, or still sends an answer."""
    return bool(channel.requests or channel.request is not None or channel.total_outbufs_len)


def serve_app(
    app: WSGIApplication,
    sockets: Sequence[socket.socket],
    *,
    threads: int = 8,
    ready: Callable[[], object] = lambda: None,
    drain_timeout: float = 40.0,
    idle_timeout: float = _IDLE_TIMEOUT,
    stalled_timeout: float = _STALLED_TIMEOUT,
) -> int:
    """Serve until SIGTERM or SIGINT, on the main thread of a process.

    Then no new connection is accepted, requests in flight are answered within `drain_timeout`
    seconds, and idle connections are closed. A second signal ends the server at once.

    Parameters
    ----------
    app, sockets, threads, drain_timeout, idle_timeout, stalled_timeout
        As of `Server`.
    ready : callable
        Called once signals are handled and clients may connect.

    Returns
    -------
    int
        The exit code: 0, or 128 + the signal where requests were cut off. Threads may then still be
        at work, which Python cannot end: leave with `os._exit`.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("expected the main thread: only it handles signals")
    server = Server(
        app,
        sockets,
        threads=threads,
        drain_timeout=drain_timeout,
        idle_timeout=idle_timeout,
        stalled_timeout=stalled_timeout,
    )
    with _signals_handled(server.stop) as received:
        ready()
        clean = server.run()
    return 0 if clean else 128 + received[-1]


@contextmanager
def _signals_handled(stop: Callable[[], None]) -> Iterator[list[int]]:
    """Call `stop` for each signal that ends the server. Yield the signals received so far."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        stop()

    before = {number: signal.signal(number, handle) for number in _SIGNALS}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
