"""Small bodies that could cost much: each is refused at once, with thousands of faulty items."""

from __future__ import annotations

import gc
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from pydantic import ValidationError

from groupsolver.api.settings import Settings
from groupsolver.cli.main import main
from groupsolver.errors import BadInput
from groupsolver.files.faults import faults_of
from groupsolver.model.application import Flavor
from groupsolver.model.fleet import Fleet
from groupsolver.wire import count_limits
from groupsolver.wire.bodies.groups import GroupFields
from groupsolver.wire.bodies.placements import FlavorRequest, InstanceRequest, PlacementFields
from groupsolver.wire.xml import scalars
from tests.support.drivers.api_driver import Asker, World, one, refused

SECONDS = 5.0  # of the processor: loosely, where each of these took up to minutes


def flavors(count: int) -> dict[str, Any]:
    return {f"f{i:05d}": {"resources": {"VCPU": 1}} for i in range(count)}


def classes(count: int) -> dict[str, int]:
    return {f"CUSTOM_{i}": 1 for i in range(count)}


def capable(*traits: str) -> dict[str, Any]:
    return {"kind": "host-capabilities", "required": list(traits)}


def placement(*instances: Any, **more: Any) -> dict[str, Any]:
    return {"placement": {"instances": list(instances), **more}}


def group(**fields: Any) -> dict[str, Any]:
    return {"group": fields}


COSTLY: dict[str, tuple[str, Callable[[], Any], str]] = {
    "integers for instances": ("placements", lambda: placement(*[1] * 500_000), "out-of-range"),
    "instances of nothing": ("placements", lambda: placement(*[{}] * 10_000), "missing-key"),
    "instances of odd keys": (
        "placements",
        lambda: placement(*[{f"contu{i}": 1, f"hin{i}": 1, f"nam{i}": 1} for i in range(10_000)]),
        "unknown-key",
    ),
    "instances of odd classes": (
        "placements",
        lambda: placement(*[{"resources": {f"a{j}": 1 for j in range(10)}} for _ in range(8000)]),
        "ill-formed-name",
    ),
    "unknown flavors": (
        "placements",
        lambda: placement(*[{"flavor": f"zf{i:05d}"} for i in range(10_000)], flavors=flavors(900)),
        "too-many-members",
    ),
    "as many unknown flavors as may be": (
        "placements",
        lambda: placement(*[{"flavor": f"f0{i:04d}x"} for i in range(2000)], flavors=flavors(2000)),
        "unknown-flavor",
    ),
    "flavors": ("placements", lambda: placement(one(), flavors=flavors(14_000)), "out-of-range"),
    "classes of an instance": (
        "placements",
        lambda: placement({"resources": classes(10_000), "count": 2000}),
        "out-of-range",
    ),
    "classes of a flavor": (
        "placements",
        lambda: placement(
            {"flavor": "a", "count": 2000}, flavors={"a": {"resources": classes(10_000)}}
        ),
        "out-of-range",
    ),
    "unknown keys": (
        "groups",
        lambda: group(**{f"affin{i}": 1 for i in range(50_000)}),
        "unknown-key",
    ),
    "integers for policies": ("groups", lambda: group(policies=[1] * 400_000), "out-of-range"),
    "unknown policies": ("groups", lambda: group(policies=["afinity"] * 1000), "unknown-policy"),
    "integers for groups": ("groups", lambda: group(groups=[1] * 400_000), "out-of-range"),
    "integers for members": ("groups", lambda: group(members=[1] * 100_000), "wrong-type"),
    "metadata": (
        "groups",
        lambda: group(metadata={str(i): 1 for i in range(90_000)}),
        "out-of-range",
    ),
    "traits": ("groups", lambda: group(policies=[capable(*classes(60_000))]), "out-of-range"),
    "traits that are none": (
        "groups",
        lambda: group(policies=[capable(*map(str, range(60_000)))]),
        "out-of-range",
    ),
}


@pytest.mark.integration
@pytest.mark.parametrize("case", COSTLY)
def test_a_costly_body_is_refused_at_once(admin: Asker, case: str) -> None:
    path, made, code = COSTLY[case]
    body = json.dumps(made(), separators=(",", ":")).encode()
    gc.collect()
    start = time.process_time()
    answer = admin("POST", f"~/{path}", body)
    assert time.process_time() - start < SECONDS
    refused(answer, code, 400)
    assert len(answer.get_json()["errors"]) <= 50


def test_unknown_parameters_are_told_up_to_fifty(admin: Asker) -> None:
    start = time.process_time()
    answer = admin("GET", "~/groups?" + "&".join(f"nam{i}=1" for i in range(5000)))
    assert time.process_time() - start < SECONDS
    refused(answer, "unknown-key", 400)


def test_policies_may_name_so_much_and_no_more(admin: Asker) -> None:
    short = [f"T{i}" for i in range(count_limits.NAMES)]
    kept = admin.group(policies=[capable(*short)])
    # What is stored is read back, and may stay as it is.
    assert admin("PATCH", f"~/groups/{kept['id']}", group(name="new")).status_code == 200
    error = refused(
        admin("POST", "~/groups", group(policies=["affinity", capable(*short, "ONE_MORE")])),
        "out-of-range",
    )
    assert (
        "group.policies: expected at most 1000 names in a policy, found 1001 in policies[1]"
        in error["detail"]
    )
    long = [f"{i:0>250}" for i in range(255)]
    admin.group(policies=[capable(*long)])
    error = refused(
        admin("POST", "~/groups", group(policies=[capable(*long, *short)])), "out-of-range"
    )
    error = refused(
        admin("POST", "~/groups", group(policies=[{"kind": "affinity", "x-a": "b" * 2**16}])),
        "out-of-range",
    )
    assert "characters of policies" in error["detail"]
    refused(
        admin("PATCH", f"~/groups/{kept['id']}", group(policies=[capable(*short, "ONE_MORE")])),
        "out-of-range",
    )


def test_a_group_is_made_at_once_beside_those_that_name_very_much(admin: Asker) -> None:
    for k in range(10):
        admin.group(
            policies=[capable(*(f"CUSTOM_{'X' * 40}_{k}_{i}" for i in range(count_limits.NAMES)))]
        )
    start = time.process_time()
    made = admin.id(policies=["affinity"])
    admin.place(one(made, count=2))
    assert time.process_time() - start < SECONDS


def test_what_a_client_builds_is_held_against_the_same_bounds() -> None:
    policies = GroupFields.model_validate({"policies": [capable("SSD")]}).policies
    assert GroupFields(policies=policies).policies == policies
    with pytest.raises(BadInput, match="characters of policies"):
        GroupFields(policies=policies * 1000)
    with pytest.raises(BadInput, match="at most 64 here"):
        InstanceRequest(resources=classes(65))
    # A flavor of a file serves as one that is asked for.
    fields = PlacementFields.model_validate(
        {"flavors": {"a": Flavor(resources=classes(64))}, "instances": [{"flavor": "a"}]}
    )
    assert fields.flavors["a"] == FlavorRequest(resources=classes(64))
    with pytest.raises(ValidationError, match="at most 64 here"):
        PlacementFields.model_validate(
            {"flavors": {"a": Flavor(resources=classes(65))}, "instances": [{"flavor": "a"}]}
        )


def test_the_first_unknown_keys_of_a_file_have_a_hint() -> None:
    data = {"hosts": [{"name": f"h{i}", "inventry": {}} for i in range(60)]}
    with pytest.raises(ValidationError) as caught:
        Fleet.model_validate(data)
    errorages = [
        fault.message for fault in faults_of(caught.value, data) if fault.code == "unknown-key"
    ]
    assert len(errorages) == 60
    assert ["did you mean 'inventory'" in message for message in errorages] == [True] * 50 + [
        False
    ] * 10


def test_keys_of_clients_are_not_kept() -> None:
    before = scalars._is_short_element_name.cache_info().currsize
    assert scalars.is_element_name("k" * 100_000)
    assert not scalars.is_element_name("k" * 300 + " ")
    assert scalars._is_short_element_name.cache_info().currsize == before


def test_a_name_is_no_longer_with_its_number_than_a_name_may_be(admin: Asker) -> None:
    assert admin.place(one(name="n" * 255))["instances"][0]["name"] == "n" * 255
    assert len(admin.place(one(name="n" * 253, count=2))["instances"][1]["name"]) == 255
    for count, length in [(2, 255), (2, 254), (10, 253)]:
        answer = admin.ask(one(name="n" * length, count=count), query="?dry_run=true")
        refused(answer, "out-of-range", 400, "placement.instances[0].name")


def test_a_member_chooses_no_ids_and_learns_nothing_of_those_of_others(
    world: World, member: Asker
) -> None:
    foreign = world.asker("other", "member").place(one())["instances"][0]["id"]
    for id_ in (foreign, str(uuid4())):
        for query in ("", "?dry_run=true"):
            error = refused(member.ask(one(id=id_), query=query), "forbidden", 403)
            assert error["detail"] == "only an admin or a service may choose an id"
    for role in ("admin", "service"):
        mine = str(uuid4())
        assert world.asker("demo", role).place(one(id=mine))["instances"][0]["id"] == mine


NO_TENANTS = [".", "..", "...", "my project", "a/b", "a\n", "", "a" * 256, "\u00e9"]


@pytest.mark.parametrize("name", NO_TENANTS)
def test_what_is_no_tenant_is_none_anywhere(admin: Asker, tmp_path: Path, name: str) -> None:
    made = admin.id()
    refused(
        admin("PATCH", f"~/groups/{made}", group(tenant_id=name)),
        "ill-formed-name",
        400,
        "group.tenant_id",
    )
    refused(
        admin("POST", "~/groups", group(tenant_id=name)), "ill-formed-name", 400, "group.tenant_id"
    )
    path = tmp_path / "tokens.toml"
    assert main(["tokens", "add", "--tenant", name, "--tokens", str(path)]) == 2
    assert not path.exists()


@pytest.mark.parametrize("name", ["a", "..a", "a..", "-", "_", "0.1", "a" * 255])
def test_what_is_a_tenant_is_one_everywhere(
    world: World, admin: Asker, tmp_path: Path, name: str
) -> None:
    assert admin("POST", "~/groups", group(tenant_id=name)).status_code == 201
    assert len(world.asker(name, "reader").get("~/groups", "groups")) == 1
    assert (
        main(["tokens", "add", f"--tenant={name}", "--tokens", str(tmp_path / "tokens.toml")]) == 0
    )


def test_a_solve_takes_an_hour_at_most() -> None:
    assert Settings(time_limit=3600).time_limit == 3600
    for seconds in (float("inf"), float("nan"), 3601, 0, -1):
        with pytest.raises(BadInput):
            Settings(time_limit=seconds)
