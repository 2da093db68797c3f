"""A server of its own process, and clients that ask it.

For the measurements of `benchmarks.serving`.
"""

from __future__ import annotations

import http.client
import json
import re
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psutil

_ROOT = Path(__file__).resolve().parents[2]


class Server:
    """A running ``groupsolver serve``."""

    def __init__(self, process: subprocess.Popen[str], port: int) -> None:
        self.port = port
        self._process = psutil.Process(process.pid)

    def memory(self) -> float:
        """Return what the process holds of the machine's memory, in MB."""
        return self._process.memory_info().rss / 2**20

    def cpu(self) -> float:
        """Return the processor time that it has taken, in seconds."""
        times = self._process.cpu_times()
        return float(times.user + times.system)


@contextmanager
def server(threads: int) -> Iterator[Server]:
    """Start a server on a new SQLite file; it is stopped, by its own process id, at the end."""
    with tempfile.TemporaryDirectory() as folder:
        command = [
            sys.executable,
            "-m",
            "groupsolver",
            "serve",
            "--port",
            "0",
            "--threads",
            str(threads),
        ]
        command += ["--database", f"sqlite:///{folder}/bench.db"]
        with subprocess.Popen(
            command, cwd=_ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
        ) as process:
            try:
                assert process.stdout is not None
                line = process.stdout.readline()
                found = re.search(r"127\.0\.0\.1:(\d+)", line)
                if found is None:
                    raise RuntimeError(f"the server did not start: {line!r}")
                yield Server(process, int(found[1]))
            finally:
                process.send_signal(signal.SIGTERM)
                process.wait(60)


class Asker:
    """One connection that is kept, and what each of its requests took."""

    def __init__(self, port: int) -> None:
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        self.seconds: list[float] = []

    def ask(self, method: str, path: str, body: Any = None) -> Any:
        """Send a request, and give the answer's data. Raises RuntimeError from status 400 on."""
        text = None if body is None else json.dumps(body)
        start = time.perf_counter()
        self._connection.request(method, path, text, {"Content-Type": "application/json"})
        response = self._connection.getresponse()
        data = response.read()
        self.seconds.append(time.perf_counter() - start)
        if response.status >= 400:
            raise RuntimeError(f"{method} {path}: {response.status} {data[:300]!r}")
        return json.loads(data) if data else None

    def close(self) -> None:
        """End the connection."""
        self._connection.close()
