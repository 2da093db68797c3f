"""Fleets in CSV and Parquet files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver import BadInput, CompiledFleet, Link, load_columns
from tests.support.draws.applications import draws

arrow = pytest.importorskip("pyarrow")
parquet = pytest.importorskip("pyarrow.parquet")

TEXT = """name,zone,rack,VCPU,VCPU.used,VCPU.allocation_ratio,traits,enabled,cost,x-owner
h1,z1,r1,8,3,2.0,"SSD, GPU",true,5,me
h2,z1,,,,,,false,,
007,,r2,16,,,SSD,,-2,
"""


def _csv(tmp_path: Path, text: str) -> CompiledFleet:
    path = tmp_path / "hosts.csv"
    path.write_text(text, encoding="utf-8")
    return load_columns(path)


def _table(tmp_path: Path, columns: dict[str, Any]) -> CompiledFleet:
    path = tmp_path / "hosts.parquet"
    parquet.write_table(arrow.table(columns), path)
    return load_columns(path)


def _faults(tmp_path: Path, text: str) -> list[str]:
    with pytest.raises(BadInput) as error:
        _csv(tmp_path, text)
    assert {fault.file for fault in error.value.faults} == {str(tmp_path / "hosts.csv")}
    return [f"{fault.path}: {fault.code}" for fault in error.value.faults]


def test_csv_has_a_row_a_host_and_empty_cells_are_not_given(tmp_path: Path) -> None:
    fleet = _csv(tmp_path, TEXT)
    assert fleet.levels == ("zone", "rack")
    one, two, three = fleet
    assert (one.domains, one.traits, one.cost) == ({"zone": "z1", "rack": "r1"}, ("SSD", "GPU"), 5)
    assert one.capacity() == {"VCPU": 16}
    assert one.used == {"VCPU": 3}
    assert (two.inventory, two.used, two.enabled, two.domains) == ({}, {}, False, {"zone": "z1"})
    assert (three.name, three.cost, three.enabled, three.capacity()) == (
        "007",
        -2,
        True,
        {"VCPU": 16},
    )


def test_parquet_has_the_same_columns(tmp_path: Path) -> None:
    fleet = _table(
        tmp_path,
        {
            "name": ["h1", "h2"],
            "rack": arrow.array(["r1", None]).dictionary_encode(),
            "VCPU": arrow.array([8, 4], arrow.uint16()),
            "VCPU.used": arrow.array([3.0, None]),
            "traits": arrow.array([["SSD", "GPU"], []]),
            "reserved_for": ["SSD", None],
            "opening_cost": [None, 7],
        },
    )
    one, two = fleet
    assert (one.domains, one.used, set(one.traits)) == ({"rack": "r1"}, {"VCPU": 3}, {"SSD", "GPU"})
    assert (one.reserved_for, one.opening_cost) == (("SSD",), None)
    assert (two.domains, two.used, two.traits, two.opening_cost) == ({}, {}, (), 7)


def test_levels_may_be_named_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("name,domains.RACK,zone\nh1,r1,z1\n")
    assert load_columns(path).levels == ("RACK", "zone")
    assert load_columns(path, levels=["zone", "RACK"]).levels == ("zone", "RACK")
    with pytest.raises(BadInput, match=r"column 'zone' means nothing.*is it a level"):
        load_columns(path, levels=["RACK"])
    with pytest.raises(BadInput, match=r"expected a column 'row'"):
        load_columns(path, levels=["RACK", "zone", "row"])


def test_links_are_held_against_the_hosts_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "hosts.csv"
    path.write_text("name,zone,rack\nh1,x,x\n")
    link = Link(between=("x", "spine"))
    with pytest.raises(BadInput, match=r"'x' is known at two levels, zone and rack"):
        load_columns(path, links=[link])


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", [": not-csv"]),
        ("name\n", ["columns.name: out-of-range"]),
        ("name,VCPU\nh1,2\nh2\n", [": not-csv"]),
        ("nam,VCPU\nh1,2\n", ["columns.name: missing-key"]),
        ("name,VCPU\nh1,2\nh1,3\n", ["columns.name[1]: duplicate-name"]),
        ("name,VCPU\nh1,2\nh2,-3\n", ["columns.VCPU[1]: out-of-range"]),
        ("name,VCPU\nh1,2\nh2,many\n", ["columns.VCPU[1]: wrong-type"]),
        ("name,VCPU\nh1,2\nh2,nan\n", ["columns.VCPU[1]: wrong-type"]),
        ("name,VCPU\nh1,2\nh2,99999999999999999999\n", ["columns.VCPU[1]: out-of-range"]),
        ("name,VCPU,VCPU\nh1,2,3\n", ["columns.VCPU: duplicate-name"]),
        ("name,VCPU.used\nh1,2.5\n", ["columns.VCPU.used[0]: wrong-type"]),
        ("name,VCPU.usd\nh1,2\n", ["columns.VCPU.usd: unknown-key"]),
        ("name,VCPU.reserved\nh1,2\n", ["columns.VCPU.reserved: missing-key"]),
        ("name,trait\nh1,SSD\n", ["columns.trait: unknown-key"]),
        ("name,cells\nh1,2\n", ["columns.cells: unknown-key"]),
        ("name,host\nh1,h1\n", ["columns.host: reserved-name"]),
        ("name,traits\nh1,ssd\n", ["columns.traits[0]: ill-formed-name"]),
        ("name,enabled\nh1,yes\n", ["columns.enabled[0]: wrong-type"]),
        ("name,VCPU,VCPU.reserved\nh1,2,3\n", ["columns.VCPU.reserved[0]: out-of-range"]),
        (
            "name,VCPU,VCPU.allocation_ratio\nh1,2,0\n",
            ["columns.VCPU.allocation_ratio[0]: out-of-range"],
        ),
    ],
)
def test_what_is_wrong_is_named_with_its_row(
    tmp_path: Path, text: str, expected: list[str]
) -> None:
    assert _faults(tmp_path, text) == expected


def test_whole_numbers_may_be_written_as_fractions(tmp_path: Path) -> None:
    assert _csv(tmp_path, "name,VCPU\nh1,8.0\nh2,\n")["h1"].capacity() == {"VCPU": 8}


def test_a_file_that_is_missing_or_of_another_kind_is_refused(tmp_path: Path) -> None:
    with pytest.raises(BadInput, match=r"unreadable-file"):
        load_columns(tmp_path / "none.csv")
    with pytest.raises(BadInput, match=r"ends in .csv or .parquet"):
        load_columns(tmp_path / "hosts.yaml")
    (tmp_path / "hosts.parquet").write_text(TEXT)
    with pytest.raises(BadInput, match=r"not-parquet"):
        load_columns(tmp_path / "hosts.parquet")
    (tmp_path / "hosts.csv").write_bytes(b"name,rack\nh1,r\xff\n")
    with pytest.raises(BadInput, match=r"not-csv"):
        load_columns(tmp_path / "hosts.csv")


def _read_or_refused(path: Path) -> None:
    try:
        fleet = load_columns(path)
    except BadInput:
        return
    assert len(fleet) == len(list(fleet)) >= 1


CELLS = st.sampled_from(
    ["", "h1", "h2", "z1", "1", "-1", "1.5", "1e400", "nan", "true", '"', '"a,b"', "A B", "\0", "é"]
)
HEADERS = st.sampled_from(
    [
        "name",
        "zone",
        "VCPU",
        "VCPU.used",
        "VCPU.max_unit",
        "traits",
        "enabled",
        "cost",
        "x-a",
        "",
        "A.b",
    ]
)


@draws(60)
@given(
    header=st.lists(HEADERS, min_size=1, max_size=5),
    rows=st.lists(st.lists(CELLS, max_size=5), max_size=4),
    junk=st.binary(max_size=6),
)
def test_any_csv_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory,
    header: list[str],
    rows: list[list[str]],
    junk: bytes,
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "hosts.csv"
    lines = "\n".join(",".join(row) for row in [header, *rows])
    path.write_bytes(lines.encode() + junk)
    _read_or_refused(path)


@draws(60)
@given(
    places=st.lists(st.tuples(st.integers(0, 10**6), st.integers(0, 255)), max_size=4),
    kept=st.floats(0.9, 1.0),
)
def test_any_damaged_parquet_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, places: list[tuple[int, int]], kept: float
) -> None:
    path = tmp_path_factory.mktemp("fuzz") / "hosts.parquet"
    columns = {
        "name": ["h1", "h2"],
        "rack": ["r1", None],
        "VCPU": [8, 4],
        "VCPU.allocation_ratio": [1.5, None],
        "traits": [["SSD"], None],
        "enabled": [True, False],
    }
    parquet.write_table(arrow.table(columns), path)
    content = bytearray(path.read_bytes())
    for at, byte in places:
        content[at % len(content)] = byte
    path.write_bytes(content[: round(len(content) * kept)])
    _read_or_refused(path)


COLUMN_TYPES = st.sampled_from(
    ["int8", "uint64", "float32", "bool", "string", "large_string", "binary", "date32", "null"]
)


@draws(60)
@given(types=st.lists(COLUMN_TYPES, min_size=9, max_size=9), encoded=st.booleans())
def test_columns_of_any_type_are_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, types: list[str], encoded: bool
) -> None:
    names = [
        "name", "zone", "VCPU", "VCPU.used", "VCPU.allocation_ratio",
        "traits", "enabled", "cost", "opening_cost",
    ]  # fmt: skip
    columns = {}
    for name, kind in zip(names, types, strict=True):
        values = [None, None] if kind == "null" else arrow.array(["0", "1"]).to_pylist()
        column = arrow.array(values).cast(arrow.string())
        if kind in {"int8", "uint64", "float32", "bool", "large_string", "binary"}:
            column = column.cast(kind)
        elif kind == "date32":
            column = arrow.array([0, None], arrow.date32())
        columns[name] = column.dictionary_encode() if encoded and kind != "null" else column
    path = tmp_path_factory.mktemp("fuzz") / "hosts.parquet"
    parquet.write_table(arrow.table(columns), path)
    _read_or_refused(path)
