"""The `openstack` command against this server, without Keystone; a call takes seconds."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

pytest.importorskip("openstackclient")

pytestmark = pytest.mark.integration

COMMAND = Path(sys.executable).with_name("openstack")


def openstack(compute: str, *args: str) -> subprocess.CompletedProcess[str]:
    kept = {key: value for key, value in os.environ.items() if not key.startswith("OS_")}
    env = {**kept, "OS_AUTH_TYPE": "none", "OS_ENDPOINT": compute, "PYTHONWARNINGS": "ignore"}
    command = [str(COMMAND), *args]
    return subprocess.run(command, env=env, capture_output=True, text=True, timeout=60, check=False)


def answer(compute: str, *args: str) -> Any:
    run = openstack(compute, *args, "-f", "json")
    assert (run.returncode, run.stderr) == (0, "")
    return json.loads(run.stdout)


def test_groups_are_created_listed_shown_and_deleted(compute: str, project: str) -> None:
    group = ("server", "group")
    web = answer(
        compute,
        *group,
        "create",
        "--policy",
        "anti-affinity",
        "--rule",
        "max_server_per_host=3",
        "web",
    )
    assert (web["name"], web["policy"], web["rules"]) == (
        "web",
        "anti-affinity",
        {"max_server_per_host": 3},
    )
    assert (web["members"], web["project_id"]) == ([], project)
    old = answer(
        compute, "--os-compute-api-version", "2.1", *group, "create", "--policy", "affinity", "old"
    )
    assert (old["name"], old["policies"]) == ("old", ["affinity"])

    # A page of one group each, with `marker`: a server that ignored it would be asked for ever.
    listed = answer(compute, *group, "list", "--limit", "1")
    assert sorted((row["Name"], row["Policy"]) for row in listed) == [
        ("old", "affinity"),
        ("web", "anti-affinity"),
    ]

    shown = answer(compute, *group, "show", "web")
    assert shown == web
    missing = openstack(compute, *group, "show", "wob")
    assert missing.returncode == 1
    assert missing.stderr == "No ServerGroup found for wob\n"

    deleted = openstack(compute, *group, "delete", "web", old["id"])
    assert (deleted.returncode, deleted.stdout, deleted.stderr) == (0, "", "")
    assert httpx.get(f"{compute}/os-server-groups").json() == {"server_groups": []}


def test_refusals_are_told_in_words(compute: str) -> None:
    bad = openstack(
        compute,
        "server",
        "group",
        "create",
        "--policy",
        "affinity",
        "--rule",
        "max_server_per_host=3",
        "web",
    )
    assert bad.returncode == 1
    assert "Only anti-affinity policy supports rules" in bad.stderr
    outside = openstack(compute, "--os-compute-api-version", "2.105", "server", "group", "list")
    assert outside.returncode == 1
    assert "a minimum of 2.1 and a maximum of 2.104" in outside.stderr
