"""``groupsolver serve``: its output, the options that it refuses, and its end during a solve."""

from __future__ import annotations

import json
import logging
import signal
import sys
import time
from collections.abc import Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import pytest

from groupsolver.api.server.waitress_server import bind
from groupsolver.api.settings import Settings
from groupsolver.cli.commands.serve import share_threads
from groupsolver.cli.database import without_password
from groupsolver.cli.main import main
from groupsolver.errors import BadInput
from tests.functional.solver.test_stop import TIGHT
from tests.support.drivers.server_process import SOON, ServerProcess, body_of, serving

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there is no SIGTERM to be heard")


@pytest.fixture
def database(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'groups.db'}"


@pytest.fixture
def served(database: str) -> Iterator[ServerProcess]:
    yield from serving(
        ServerProcess(
            "groupsolver", "serve", "--port", "0", "--database", database, "--threads", "4"
        )
    )


def test_the_start_up_line_says_where_what_and_who(served: ServerProcess, database: str) -> None:
    assert served.greeting == (
        f"groupsolver: serving at http://127.0.0.1:{served.port}; database {database}; "
        "identity mode 'loopback': every user of this machine, and every program on it, is admin"
    )


def test_each_request_is_a_line_of_json_on_standard_error(served: ServerProcess) -> None:
    connection = served.connect()
    connection.request("GET", "/healthz?x=secret", headers={"X-Auth-Token": "secret"})
    answer, _ = body_of(connection)
    assert answer.status == 200
    served.signal()
    out, err = served.process.communicate(timeout=60)
    assert (served.process.returncode, out) == (0, "")
    line = json.loads(err)
    assert (line["log"], line["path"], line["status"]) == ("groupsolver.access", "/healthz", 200)
    assert line["request_id"] == answer.headers["X-Openstack-Request-Id"]
    assert "secret" not in err


def sent(connection: HTTPConnection, method: str, path: str, body: Any) -> None:
    connection.request(
        method, path, body=json.dumps(body), headers={"Content-Type": "application/json"}
    )


def test_a_placement_that_is_being_solved_is_answered_before_the_server_ends(
    served: ServerProcess,
) -> None:
    loaded = served.connect()
    sent(loaded, "PUT", "/v1.0/fleet", TIGHT[1])
    assert body_of(loaded)[0].status in {200, 201, 204}
    placing = served.connect()
    instances = [group["members"][0] for group in TIGHT[0]["groups"]]
    sent(
        placing,
        "POST",
        "/v1.0/p1/placements",
        {"placement": {"instances": instances, "time_limit": 2}},
    )
    other = served.connect()  # meanwhile the rest is answered
    end = time.monotonic() + SOON
    while True:
        other.request("GET", "/metrics")
        if b"\ngroupsolver_solve_pool_running 1.0\n" in body_of(other)[1]:
            break
        assert time.monotonic() < end
    served.signal(signal.SIGTERM)
    served.until_refused()
    answer, body = body_of(placing)
    assert (answer.status, json.loads(body)["errors"][0]["code"]) == (503, "no-answer-in-time")
    out, err = served.process.communicate(timeout=60)
    assert (served.process.returncode, out) == (0, "")
    assert "Traceback" not in err
    assert [json.loads(line)["log"] for line in err.splitlines()].count("groupsolver.audit") >= 1


@pytest.fixture
def quiet() -> Iterator[None]:
    """Undo what the command does to logging."""
    root, ours = logging.getLogger(), logging.getLogger("groupsolver")
    before = list(root.handlers), root.level, ours.level
    yield
    root.handlers[:], level, our_level = before
    root.setLevel(level)
    ours.setLevel(our_level)


TOKENS, CONFIG = "{}/no-such.toml", "{}/config.toml"
REFUSED: list[tuple[list[str], str]] = [
    (
        ["--host", "0.0.0.0"],
        "0.0.0.0 is not only this machine's: expected --identity tokens or keystone",
    ),
    (
        ["--host", "0.0.0.0", "--identity", "loopback"],
        "--identity loopback makes everybody admin: expected a loopback address, found 0.0.0.0",
    ),
    (["--host", ""], "cannot listen: no address is given"),
    (["--host", "no-such-host.invalid"], "cannot listen at no-such-host.invalid:0: "),
    (["--host", "a..b\n"], "cannot listen at a..b\\n:0: it is no host's name"),
    (["--host", "192.0.2.1"], "cannot listen at 192.0.2.1:0: Cannot assign requested address"),
    (["--tokens", TOKENS], "--tokens has a meaning with --identity tokens only"),
    (
        ["--identity", "keystone", "--tokens", TOKENS],
        "--tokens has a meaning with --identity tokens only",
    ),
    (
        ["--keystone-config", TOKENS],
        "--keystone-config has a meaning with --identity keystone only",
    ),
    (["--identity", "tokens", "--tokens", TOKENS], "[unreadable-file]"),
    (["--identity", "keystone"], "--identity keystone needs --keystone-config FILE"),
    (["--identity", "keystone", "--keystone-config", TOKENS], "[unreadable-file]"),
    (["--identity", "guess"], "expected one of: loopback, tokens, keystone; found 'guess'"),
    (["--config", TOKENS], "[unreadable-file]"),
    (["--config", CONFIG], "[unknown-key]"),
    (["--threads", "2"], "expected an integer from 3 to 1024, found '2'"),
    (["--port", "65536"], "expected an integer from 0 to 65535, found '65536'"),
    (["--database", "mysql://u:secret@h/db"], "expected sqlite or postgresql, found mysql"),
    (["--database", "secret"], "[wrong-value]"),
    (["--database", "sqlite:////no/such/folder/x.db"], "cannot be used"),
    (
        ["--database", "postgresql://u:secret@127.0.0.1:1/db?connect_timeout=2"],
        "u:***@127.0.0.1:1/db",
    ),
]


@pytest.mark.parametrize(("argv", "expected"), REFUSED, ids=[" ".join(argv) for argv, _ in REFUSED])
@pytest.mark.usefixtures("quiet")
def test_what_it_cannot_serve_with_is_told_in_one_line(
    argv: list[str],
    expected: str,
    database: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "config.toml").write_text("quotas_of = 1\n")
    filled = [part.format(tmp_path) for part in argv]
    assert main(["serve", "--port", "0", "--database", database, *filled]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    lines = [line for line in err.splitlines() if not line.startswith("{")]  # beside the log
    assert len(lines) == 1
    assert expected in lines[0]
    assert "Traceback" not in err
    assert "secret" not in err


@pytest.mark.usefixtures("quiet")
def test_a_port_that_is_taken_is_told_and_the_database_is_left_alone(
    tmp_path: Path, database: str, capsys: pytest.CaptureFixture[str]
) -> None:
    (taken,) = bind("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    with taken:
        assert main(["serve", "--port", str(port), "--database", database]) == 2
    assert (
        capsys.readouterr().err
        == f"groupsolver: cannot listen at 127.0.0.1:{port}: Address already in use\n"
    )
    assert list(tmp_path.iterdir()) == []


def test_passwords_of_the_database_are_hidden() -> None:
    text = without_password(
        "postgresql://ann:se%20cret@h:5432/db?sslpassword=secret&application_name=x"
    )
    assert "secret" not in text
    assert "se%20cret" not in text
    assert text.startswith("postgresql")
    assert "ann:***@h:5432/db" in text
    assert "application_name=x" in text
    assert without_password("sqlite:///groupsolver.db") == "sqlite:///groupsolver.db"
    with pytest.raises(BadInput) as caught:
        without_password("secret")
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize("threads", [None, *range(3, 20)])
@pytest.mark.parametrize("solves", [1, 2, 64])
@pytest.mark.parametrize("waiting", [0, 4, 100])
def test_placements_leave_two_threads_to_everything_else(
    threads: int | None, solves: int, waiting: int
) -> None:
    settings, given = share_threads(Settings(solves=solves, waiting=waiting), threads)
    assert settings.solves >= 1
    assert settings.waiting >= 0
    assert settings.solves + settings.waiting + 2 <= given
    if threads is None:
        assert (settings.solves, settings.waiting) == (solves, waiting)
        assert given >= 8
    else:
        assert given == threads
