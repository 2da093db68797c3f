"""The access log and the audit log: one JSON object a line, without secrets or raw input."""

from __future__ import annotations

import io
import json
import logging
import re
import subprocess
import sys
import uuid
from collections.abc import Iterator
from typing import Any

import pytest

from groupsolver import Application, Fleet
from groupsolver.api.auth.principal import Principal
from groupsolver.api.observability.audit import audit, audit_placement, auditing
from groupsolver.api.observability.logs import access, configure, global_request_id, new_request_id
from groupsolver.checking.reasons import why

NAMES = ("", "groupsolver", "waitress.queue")
ANN = Principal(tenant="p1", user="ann", roles=frozenset({"member", "admin"}))
GIVEN = "req-0f0e0d0c-0b0a-4908-8706-050403020100"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    levels = {name: logging.getLogger(name).level for name in NAMES}
    handlers = list(logging.getLogger().handlers)
    yield io.StringIO()
    logging.getLogger().handlers[:] = handlers
    for name, level in levels.items():
        logging.getLogger(name).setLevel(level)


@pytest.fixture
def log(stream: io.StringIO) -> io.StringIO:
    configure(stream)
    return stream


def lines(stream: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in stream.getvalue().splitlines()]


def answered(**more: Any) -> None:
    fields: dict[str, Any] = {
        "request_id": "req-1",
        "global_id": None,
        "remote": "127.0.0.1",
        "method": "GET",
        "path": "/v1.0/p1/groups",
        "route": "/v1.0/{tenant_id}/groups",
        "status": 200,
        "size": 17,
        "seconds": 0.0123456789,
        "principal": ANN,
        "tenant": "p1",
    }
    access(**{**fields, **more})


def test_an_answer_is_one_json_object_on_one_line(log: io.StringIO) -> None:
    answered()
    (line,) = lines(log)
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00", line.pop("time"))
    assert line == {
        "log": "groupsolver.access",
        "request_id": "req-1",
        "global_request_id": None,
        "remote": "127.0.0.1",
        "method": "GET",
        "path": "/v1.0/p1/groups",
        "route": "/v1.0/{tenant_id}/groups",
        "status": 200,
        "bytes": 17,
        "seconds": 0.012346,
        "tenant": "p1",
        "user": "ann",
    }


def test_an_answer_to_nobody_in_particular_has_nulls(log: io.StringIO) -> None:
    answered(principal=None, tenant=None, route=None, size=None, remote=None)
    (line,) = lines(log)
    assert [line[key] for key in ("user", "tenant", "route", "bytes", "remote")] == [None] * 5


def test_what_a_client_sent_cannot_forge_a_line_or_drive_a_terminal(log: io.StringIO) -> None:
    path = '/a\r\n{"status":200}\x1b[2J\x00\u2028\u202e\x85\udcff"'
    answered(path=path, method="G\nT")
    text = log.getvalue()
    assert text.isascii()
    assert [c for c in text if not c.isprintable()] == ["\n"]
    assert lines(log)[0]["path"] == path


def test_a_very_long_path_is_shortened(log: io.StringIO) -> None:
    answered(path="/" + "x" * 100_000)
    assert len(log.getvalue()) < 3000


def test_a_change_says_who_did_what_to_whose(log: io.StringIO) -> None:
    audit("group-delete", "g1", request_id="req-2", principal=ANN, tenant="p2", force=True)
    (line,) = lines(log)
    del line["time"]
    assert line == {
        "log": "groupsolver.audit",
        "request_id": "req-2",
        "action": "group-delete",
        "subject": "g1",
        "outcome": "done",
        "user": "ann",
        "user_tenant": "p1",
        "roles": ["admin", "member"],
        "tenant": "p2",
        "force": True,
    }


def test_what_the_server_does_by_itself_has_no_user(log: io.StringIO) -> None:
    audit("placement-expire", "x", request_id=None, principal=None, tenant="p1")
    (line,) = lines(log)
    assert (line["user"], line["user_tenant"], line["roles"], line["request_id"]) == (
        None,
        None,
        [],
        None,
    )


USED: dict[str, dict[str, int]] = {"h1": {"VCPU": 1}, "h2": {}}


def test_a_placement_says_why_these_hosts(log: io.StringIO) -> None:
    app = Application.model_validate(
        {
            "groups": [
                {
                    "name": "g",
                    "policies": ["anti-affinity"],
                    "members": [{"resources": {"VCPU": 1}, "count": 2}],
                }
            ],
            "existing": [{"group": "g", "id": "g/0", "host": "h1", "resources": {"VCPU": 1}}],
        }
    )
    fleet = Fleet.model_validate(
        {"hosts": [{"name": n, "inventory": {"VCPU": 4}, "used": u} for n, u in USED.items()]}
    )
    audit_placement(
        "pl",
        request_id="req-3",
        principal=ANN,
        tenant="p1",
        outcome="placed",
        objective="pack",
        instances=[
            {"id": "g/1", "name": "web", "group": "g"},
            {"id": "i2", "name": None, "group": None},
        ],
        reasons=why(app, fleet, {"g/1": "h2"}),
        retries=0,
    )
    (line,) = lines(log)
    assert line["action"] == "placement-create"
    assert (line["subject"], line["outcome"], line["objective"]) == ("pl", "placed", "pack")
    assert line["groups"] == ["g"]
    assert line["instances"][0] == {"id": "g/1", "name": "web", "group": "g"}
    (reason,) = line["why"]  # what runs already was not decided now
    assert (reason["instance"], reason["host"]) == ("g/1", "h2")
    assert reason["rules"] == ["no host holds more than 1 member of g"]
    assert line["retries"] == 0


def test_other_records_are_json_too_and_a_traceback_is_inside(log: io.StringIO) -> None:
    try:
        int("x\ny")
    except ValueError:
        logging.getLogger("groupsolver.api").exception("an unexpected failure in %s", "req-4")
    logging.getLogger("waitress").warning("careful")
    logging.getLogger("waitress").info("not worth a line")
    failure, warning = lines(log)
    assert (failure["log"], failure["level"]) == ("groupsolver.api", "error")
    assert failure["message"] == "an unexpected failure in req-4"
    assert failure["traceback"].startswith("Traceback")
    assert "ValueError: invalid literal" in failure["traceback"]
    assert (warning["log"], warning["level"], warning["message"]) == (
        "waitress",
        "warning",
        "careful",
    )


def test_setting_up_again_writes_each_line_once(log: io.StringIO) -> None:
    configure(log)
    answered()
    assert len(lines(log)) == 1


def test_a_higher_level_is_silent(stream: io.StringIO) -> None:
    configure(stream, logging.WARNING)
    assert not auditing()
    answered()
    audit("group-create", "g", request_id="r", principal=ANN, tenant="p1")
    assert stream.getvalue() == ""


def test_other_set_ups_get_the_same_json_as_the_message(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO, "groupsolver.access"):
        answered()
    assert json.loads(caplog.messages[0])["status"] == 200


def test_nothing_is_set_up_at_import() -> None:
    code = """
import logging, groupsolver.api.observability.logs, groupsolver.api.observability.audit as audit
names = ["", "groupsolver", "groupsolver.access", "groupsolver.audit"]
loggers = [logging.getLogger(n) for n in names]
print([(len(one.handlers), one.level) for one in loggers], audit.auditing())
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert (run.stdout, run.stderr) == (
        "[(0, 30), (0, 0), (0, 0), (0, 0)] False\n",
        "",
    )  # 30: the root's own default


def test_a_request_id_is_novas() -> None:
    made = new_request_id()
    assert made != new_request_id()
    assert uuid.UUID(made.removeprefix("req-")).version == 4
    assert global_request_id(made) == made


@pytest.mark.parametrize("given", [GIVEN, GIVEN.upper().replace("REQ", "req")])
def test_a_clients_id_of_that_form_is_kept_beside(given: str) -> None:
    assert global_request_id(given) == GIVEN


OTHERS = [
    "",
    "req-1",
    GIVEN[4:],
    GIVEN + "\n",
    " " + GIVEN,
    GIVEN.replace("0f", "0g"),
    GIVEN.replace("0f", "\u0660f"),
]


@pytest.mark.parametrize("given", [None, *OTHERS])
def test_any_other_id_of_a_client_is_ignored(given: str | None) -> None:
    assert global_request_id(given) is None
