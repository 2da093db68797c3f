"""Files that look like something else are told what they look like, and what to write."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import BadInput, load_application, load_fleet
from groupsolver.errors import Fault
from groupsolver.files import parse_application, parse_fleet

FLEET: dict[str, Any] = {"hosts": [{"name": "h1", "inventory": {"VCPU": 4}}]}
APP: dict[str, Any] = {"groups": [{"name": "A", "members": [{"resources": {"VCPU": 1}}]}]}


def fault(parse: Any, data: Any) -> Fault:
    with pytest.raises(BadInput) as found:
        parse(data)
    (one,) = found.value.faults
    return one


def faults_of(parse: Any, data: Any) -> tuple[Fault, ...]:
    try:
        parse(data)
    except BadInput as error:
        return error.faults
    return ()


def with_policies(policies: Any) -> dict[str, Any]:
    return {"groups": [{**APP["groups"][0], "policies": policies}]}


def with_size(resources: Any) -> dict[str, Any]:
    return {"groups": [{"name": "A", "members": [{"resources": resources}]}]}


def test_swapped_files_are_told_so() -> None:
    assert fault(parse_application, FLEET).message == (
        "expected an application, which has groups; this looks like a fleet; "
        "were the files swapped?"
    )
    assert fault(parse_fleet, APP).message == (
        "expected a fleet, which has hosts; this looks like an application; were the files swapped?"
    )
    manifest = {"apiVersion": "v1", "kind": "Pod", "spec": {}}
    assert fault(parse_application, manifest).message.endswith("looks like a Kubernetes manifest")


@pytest.mark.parametrize("text", ["", "# nothing", "null", "[]"])
def test_an_empty_file_is_told_so(tmp_path: Path, text: str) -> None:
    path = tmp_path / "x.yaml"
    path.write_text(text)
    for load, what in ((load_application, "an application, which"), (load_fleet, "a fleet, which")):
        message = fault(load, path).message
        assert message.startswith(f"expected {what} has ")
        assert message.endswith(", found an empty document")


def test_a_policy_with_its_kind_as_a_key_is_told_what_to_write() -> None:
    found = fault(parse_application, with_policies([{"anti-affinity": {"level": "rack"}}]))
    assert found.path == "groups[0].policies[0]"
    assert found.message.endswith(
        "the kind is a value, not a key: write {kind: anti-affinity, level: rack}"
    )
    found = fault(parse_application, with_policies({"anti-affinity": {"level": "rack"}}))
    assert found.message.endswith("policies are a list: write [{kind: anti-affinity, level: rack}]")


@pytest.mark.parametrize(
    ("name", "amount", "write"),
    [
        ("VCPU", "500m", "write 1"),  # 500 thousandths, rounded up
        ("VCPU", "2500m", "write 3"),
        ("VCPU", "4", "write 4, without quotes"),
        ("VCPU", 1.5, "write 2"),
        ("VCPU", "1.5", "write 2"),
        ("MEMORY_MB", "2Gi", "write 2048"),  # 2 x 1,024
        ("MEMORY_MB", "512Mi", "write 512"),
        ("DISK_GB", "2Gi", "write 2"),
        ("DISK_GB", "1Ti", "write 1024"),
        ("DISK_GB", "100Mi", "write 1"),
        ("CUSTOM_X", "2Gi", "without a unit"),
    ],
)
def test_an_amount_with_a_unit_or_a_fraction_is_told_as_a_whole_number(
    name: str, amount: Any, write: str
) -> None:
    found = fault(parse_application, with_size({name: amount}))
    assert (found.code, found.path) == ("wrong-type", f"groups[0].members[0].resources.{name}")
    assert found.message.startswith("expected an integer, found ")
    assert found.message.endswith(write)
    hosts = {"hosts": [{"name": "h", "inventory": {name: amount}}]}
    assert fault(parse_fleet, hosts).message == found.message
    total = {"hosts": [{"name": "h", "inventory": {name: {"total": amount}}}]}
    assert fault(parse_fleet, total).message.endswith(write)


def test_names_of_kubernetes_are_told_as_resource_classes() -> None:
    assert fault(parse_application, with_size({"cpu": 1})).message.endswith("write VCPU")
    assert fault(parse_application, with_size({"memory": 1})).message.endswith("write MEMORY_MB")


SCRAPS = st.recursive(
    st.one_of(
        st.none(),
        st.booleans(),
        st.integers(-5, 2**70),
        st.floats(),
        st.text(max_size=6),
        st.from_regex(r"[0-9]{1,4}(\\.[0-9])?(m|Mi|Gi|Ki|GB|k)?", fullmatch=True),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(
            st.one_of(
                st.sampled_from(
                    ("kind", "hosts", "groups", "anti-affinity", "level", "spread", "VCPU", "cpu")
                ),
                st.text(max_size=4),
            ),
            inner,
            max_size=3,
        ),
    ),
    max_leaves=8,
)


@given(SCRAPS, st.integers(0, 2**20))
def test_whatever_stands_in_a_file_is_bad_input_or_is_read(scrap: Any, seed: int) -> None:
    places = [
        scrap,
        with_policies(scrap),
        with_policies([scrap]),
        with_size(scrap),
        with_size({"VCPU": scrap}),
        {"hosts": scrap},
        {"hosts": [{"name": "h", "inventory": scrap}]},
        {"hosts": [{"name": "h", "inventory": {"MEMORY_MB": scrap}}]},
    ]
    data = Random(seed).choice(places)
    for parse in (parse_application, parse_fleet):
        assert all("\n" not in str(one) for one in faults_of(parse, data))
