"""A server in a process of its own, for tests.

The processes are forked from one that has the library loaded already: loading it takes longer than
most tests of a server.
"""

from __future__ import annotations

import multiprocessing
import os
import re
import runpy
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection, HTTPResponse
from multiprocessing.reduction import DupFd
from pathlib import Path
from threading import Thread
from typing import Any, TextIO

ROOT = Path(__file__).parents[3]
SOON = 10.0  # seconds; moments on an idle machine
PRELOADED = ["groupsolver.api", "groupsolver.api.server.waitress_server", "groupsolver.cli.main"]
PRELOADED += ["groupsolver.solver.pipeline"]


class ForkedModule:
    """A module that runs as ``__main__`` in a forked process; used like a `subprocess.Popen`."""

    def __init__(self, module: str, *argv: str) -> None:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(PRELOADED)
        out, out_end = os.pipe()
        err, err_end = os.pipe()
        self.stdout: TextIO = os.fdopen(out)
        self.stderr: TextIO = os.fdopen(err)
        try:
            self._process = context.Process(
                target=_run, args=(module, argv, _Ends(out_end, err_end))
            )
            self._process.start()
        finally:
            os.close(out_end)
            os.close(err_end)

    @property
    def returncode(self) -> int | None:
        return self._process.exitcode

    def poll(self) -> int | None:
        return self._process.exitcode

    def wait(self, timeout: float) -> int:
        self._process.join(timeout)
        code = self._process.exitcode
        if code is None:
            raise subprocess.TimeoutExpired("serve", timeout)
        return code

    def send_signal(self, number: int) -> None:
        assert self._process.pid is not None
        os.kill(self._process.pid, number)

    def kill(self) -> None:
        self._process.kill()

    def communicate(self, timeout: float) -> tuple[str, str]:
        """Wait for the end; return what is left on standard output and standard error."""
        texts = {"out": "", "err": ""}

        def read(name: str, stream: TextIO) -> None:
            if not stream.closed:
                texts[name] = stream.read()
                stream.close()

        readers = [
            Thread(target=read, args=("out", self.stdout)),
            Thread(target=read, args=("err", self.stderr)),
        ]
        for reader in readers:
            reader.start()
        self.wait(timeout)
        for reader in readers:
            reader.join(timeout)
        return texts["out"], texts["err"]


class _Ends:
    """The writing ends of two pipes, which are passed on to the forked process."""

    def __init__(self, out: int, err: int) -> None:
        self.out: Any = out
        self.err: Any = err

    def __getstate__(self) -> dict[str, Any]:
        return {"out": DupFd(self.out), "err": DupFd(self.err)}


def _run(module: str, argv: tuple[str, ...], ends: _Ends) -> None:
    os.dup2(ends.out.detach(), 1)
    os.dup2(ends.err.detach(), 2)
    sys.stdout = os.fdopen(1, "w", buffering=1)
    sys.stderr = os.fdopen(2, "w", buffering=1)
    os.chdir(ROOT)
    sys.argv = [module, *argv]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


class ServerProcess:
    """A server process, whose first line of output ends in its port or in a URL with it."""

    def __init__(self, module: str, *argv: str) -> None:
        self.process = ForkedModule(module, *argv)
        self.opened: list[HTTPConnection | socket.socket] = []
        self.greeting = self.line()
        found = re.search(r"^(?:.*?http://[^ ]*:)?([0-9]+)", self.greeting)
        if found is None:
            self.process.kill()
            raise AssertionError(self.process.communicate(timeout=30))
        self.port = int(found[1])

    def line(self) -> str:
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
        return self.process.wait(0), out

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
