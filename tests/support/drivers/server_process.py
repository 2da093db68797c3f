"""A server in a process of its own, for tests."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path

ROOT = Path(__file__).parents[3]
SOON = 10.0  # seconds; moments on an idle machine


class ServerProcess:
    """A server process, whose first line of output ends in its port or in a URL with it."""

    def __init__(self, module: str, *argv: str) -> None:
        command = [sys.executable, "-u", "-m", module, *argv]
        self.process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=ROOT
        )
        self.opened: list[HTTPConnection | socket.socket] = []
        self.greeting = self.line()
        found = re.search(r"^(?:.*?http://[^ ]*:)?([0-9]+)", self.greeting)
        if found is None:
            self.process.kill()
            raise AssertionError(self.process.communicate(timeout=30))
        self.port = int(found[1])

    def line(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.readline().rstrip("\n")

    def connect(self) -> HTTPConnection:
        connection = HTTPConnection("127.0.0.1", self.port, timeout=30)
        connection.connect()
        self.opened.append(connection)
        return connection

    def begin(self, path: str) -> HTTPConnection:
        """Send a request, and wait until it is worked on."""
        connection = self.connect()
        connection.request("GET", path)
        assert self.line() == path.partition("?")[0]
        return connection

    def raw(self, text: bytes) -> socket.socket:
        made = socket.create_connection(("127.0.0.1", self.port), timeout=30)
        made.sendall(text)
        self.opened.append(made)
        return made

    def signal(self, number: int = signal.SIGTERM) -> float:
        self.process.send_signal(number)
        return time.monotonic()

    def end(self) -> tuple[int, str]:
        out, err = self.process.communicate(timeout=60)
        assert err == ""
        return self.process.returncode, out

    def until_refused(self) -> None:
        end = time.monotonic() + SOON
        while time.monotonic() < end:
            try:
                socket.create_connection(("127.0.0.1", self.port), timeout=1).close()
            except ConnectionRefusedError:
                return
            except ConnectionResetError:  # in the very moment in which it ends
                pass
            time.sleep(0.01)
        raise AssertionError("connections are still accepted")


def serving(made: ServerProcess) -> Iterator[ServerProcess]:
    try:
        yield made
    finally:
        if made.process.poll() is None:
            made.process.kill()
        made.process.communicate(timeout=30)
        for connection in made.opened:
            connection.close()


def body_of(connection: HTTPConnection) -> tuple[HTTPResponse, bytes]:
    answer = connection.getresponse()
    return answer, answer.read()
