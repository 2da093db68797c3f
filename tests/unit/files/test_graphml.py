"""Links from GraphML: what networkx writes, what others write, and what nobody should."""

from __future__ import annotations

import json
from contextlib import suppress
from pathlib import Path
from random import Random
from typing import Any

import networkx as nx
import pytest

from groupsolver import BadInput, Fleet, Host, Link, load_links, with_links
from groupsolver.cli.main import main
from groupsolver.files.graphml import parse_graphml

HEAD = '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">'
KEYS = (
    '<key id="b" for="edge" attr.name="bandwidth_mbps" attr.type="int"/>'
    '<key id="l" for="edge" attr.name="latency_us" attr.type="int"><default>7</default></key>'
    '<key id="n" for="node" attr.name="name" attr.type="string"/>'
    '<key id="t" for="all" attr.name="label" attr.type="string"/>'
)


def document(inside: str, keys: str = KEYS) -> str:
    return f'{HEAD}{keys}<graph edgedefault="undirected">{inside}</graph></graphml>'


NODES = (
    '<node id="n0"/><node id="n1"><data key="n">r01</data></node>'
    '<node id="n2"><data key="t"> spine </data></node>'
)


def faults(text: str) -> list[tuple[str, str]]:
    with pytest.raises(BadInput) as caught:
        parse_graphml(text)
    return [(fault.code, fault.path) for fault in caught.value.faults]


def test_what_networkx_writes_is_read_back(tmp_path: Path) -> None:
    graph: nx.MultiGraph[str] = nx.MultiGraph()
    graph.add_edge("r01", "spine", bandwidth_mbps=40000, used_mbps=1200, latency_us=5)
    graph.add_edge("r01", "spine", latency_us=9)
    graph.add_edge("h1", "r02", color="red")
    nx.write_graphml(graph, tmp_path / "net.graphml")
    assert load_links(tmp_path / "net.graphml") == (
        Link(between=("r01", "spine"), bandwidth_mbps=40000, used_mbps=1200, latency_us=5),
        Link(between=("r01", "spine"), latency_us=9),
        Link(between=("h1", "r02")),
    )


def test_an_end_is_its_node_s_name_or_label_or_id_and_a_key_s_default_is_taken() -> None:
    edges = (
        '<edge source="n0" target="n1"><data key="b">100</data></edge>'
        '<edge source="n1" target="n2"><data key="l">0</data><desc>a cable</desc></edge>'
    )
    assert parse_graphml(document(NODES + edges)) == (
        Link(between=("n0", "r01"), bandwidth_mbps=100, latency_us=7),
        Link(between=("r01", "spine"), latency_us=0),
    )


def test_graphs_inside_nodes_and_keys_that_come_last_are_read() -> None:
    inner = f'<node id="pod"><graph>{NODES}</graph></node><edge source="n0" target="n2"/>'
    text = f"{HEAD}<graph>{inner}</graph>{KEYS}</graphml>"
    assert parse_graphml(text) == (Link(between=("n0", "spine"), latency_us=7),)


EDGE = '<edge source="n0" target="n1">{}</edge>'


@pytest.mark.parametrize(
    ("inside", "expected"),
    [
        (
            NODES + EDGE.format('<data key="b">-1</data>'),
            ("out-of-range", "edges[0].bandwidth_mbps"),
        ),
        (
            NODES + EDGE.format('<data key="b">1.5</data>'),
            ("wrong-type", "edges[0].bandwidth_mbps"),
        ),
        (NODES + EDGE.format('<data key="b"/>'), ("wrong-type", "edges[0].bandwidth_mbps")),
        (
            NODES + EDGE.format('<data key="b">9223372036854775808</data>'),
            ("out-of-range", "edges[0].bandwidth_mbps"),
        ),
        (
            NODES + EDGE.format(f'<data key="b">{"9" * 5000}</data>'),
            ("wrong-type", "edges[0].bandwidth_mbps"),
        ),
        (NODES + '<edge source="n0"/>', ("missing-key", "edges[0].target")),
        (NODES + '<edge source="n0" target="n9"/>', ("wrong-value", "edges[0].target")),
        (NODES + '<node id="n0"/>', ("duplicate-name", "nodes[3]")),
        (NODES + '<node id="r01"/>', ("duplicate-name", "nodes[3]")),
        ("<node/>", ("missing-key", "nodes[0].id")),
        (NODES + '<hyperedge><endpoint node="n0"/></hyperedge>', ("wrong-value", "")),
        (f'<node id="{"x" * 300}"/><node id="y"/><edge source="{"x" * 300}" target="y"/>', None),
    ],
)
def test_what_is_wrong_is_told_with_its_place(
    inside: str, expected: tuple[str, str] | None
) -> None:
    assert faults(document(inside)) == [expected or ("ill-formed-name", "edges[0].between[0]")]


def test_data_that_is_almost_of_a_known_name_is_refused_and_other_data_passed_over() -> None:
    keys = (
        '<key id="x" for="edge" attr.name="latency"/><key id="y" for="edge" attr.name="LinkNote"/>'
    )
    assert faults(document(NODES, keys)) == [("unknown-key", "keys.x")]


BOMB = '<!DOCTYPE g [<!ENTITY a "aaaaaaaa"><!ENTITY b "&a;&a;&a;&a;">]>'


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "not-xml"),
        ("not xml", "not-xml"),
        (HEAD, "not-xml"),
        ("<svg/>", "wrong-value"),
        (BOMB + document(""), "unsafe-xml"),
        ('<!DOCTYPE g SYSTEM "file:///etc/passwd">' + document(""), "unsafe-xml"),
        ('<?xml version="1.0" encoding="utf-16"?>' + document(""), "not-text"),
        (HEAD + "<graph>" * 200_000, "too-deep"),
        (document("<x>" * 99 + "</x>" * 99), "too-deep"),
        (document("") + "<graphml/>", "not-xml"),
        ("\0" + document(""), "not-xml"),
    ],
)
def test_hostile_text_is_refused_with_a_code(text: str, code: str) -> None:
    assert [found for found, _ in faults(text)] == [code]


def test_a_document_without_edges_gives_no_links() -> None:
    assert parse_graphml(document("")) == ()
    assert parse_graphml("<graphml/>") == ()
    assert (
        parse_graphml("<graphml>text<data key='b'>1</data><default>3</default><key/></graphml>")
        == ()
    )


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "bytes.graphml").write_bytes(b"<graphml>\xff</graphml>")
    for name, code in (
        ("missing.graphml", "unreadable-file"),
        ("bytes.graphml", "not-text"),
        (".", "unreadable-file"),
    ):
        with pytest.raises(BadInput) as caught:
            load_links(tmp_path / name)
        assert [(f.code, f.file) for f in caught.value.faults] == [(code, str(tmp_path / name))]


@pytest.mark.parametrize("seed", range(300))
def test_any_damage_to_a_document_gives_links_or_bad_input(seed: int) -> None:
    rnd = Random(seed)
    text = document(NODES + EDGE.format('<data key="b">100</data>') * 3)
    for _ in range(rnd.randint(1, 6)):
        at, size = rnd.randrange(len(text)), rnd.choice((0, 1, 5, 40))
        piece = rnd.choice(
            (
                "",
                "<",
                ">",
                "&",
                '"',
                "\0",
                "é",
                "<edge/>",
                "<data/>",
                "</graph>",
                text[at : at + 30],
            )
        )
        text = text[:at] + piece + text[at + size :]
    with suppress(BadInput):
        assert all(isinstance(link, Link) for link in parse_graphml(text))


def test_links_join_those_of_a_fleet_and_an_ambiguous_end_is_refused() -> None:
    hosts = (
        Host(name="h1", domains={"zone": "a", "rack": "r"}),
        Host(name="h2", domains={"zone": "r"}),
    )
    fleet = Fleet(levels=("zone", "rack"), hosts=hosts, links=(Link(between=("h1", "s")),))
    joined = with_links(fleet, (Link(between=("h2", "s"), latency_us=1),))
    assert [link.between for link in joined.links] == [("h1", "s"), ("h2", "s")]
    with pytest.raises(BadInput) as caught:
        with_links(fleet, (Link(between=("s", "r")),), "net.graphml")
    assert [(f.code, f.path, f.file) for f in caught.value.faults] == [
        ("ambiguous-name", "edges[0].between[1]", "net.graphml")
    ]


Captured = pytest.CaptureFixture[str]


def _files(tmp_path: Path, graph: str) -> list[str]:
    inventory = {"inventory": {"VCPU": 4}}
    hosts = [{"name": f"h{i}", "domains": {"rack": f"r{i}"}, **inventory} for i in (1, 2, 3)]
    policies = [{"kind": "network-proximity", "max_latency_us": 4}, "anti-affinity"]
    size: dict[str, Any] = {"resources": {"VCPU": 1}, "count": 2}
    app = {"groups": [{"name": "A", "members": [size], "policies": policies}]}
    (tmp_path / "fleet.json").write_text(json.dumps({"levels": ["rack"], "hosts": hosts}))
    (tmp_path / "app.json").write_text(json.dumps(app))
    (tmp_path / "net.graphml").write_text(graph)
    named = [str(tmp_path / name) for name in ("app.json", "fleet.json", "net.graphml")]
    return [named[0], "--fleet", named[1], "--network", named[2]]


TWO = (
    '<node id="r1"/><node id="r2"/><node id="r3"/>'
    '<edge source="r1" target="r2"><data key="l">9</data></edge>'
    '<edge source="r2" target="r3"><data key="l">4</data></edge>'
)


def test_the_commands_take_a_network_beside_a_fleet(tmp_path: Path, capsys: Captured) -> None:
    argv = _files(tmp_path, document(TWO))
    assert main(["place", *argv, "--output", "json"]) == 0
    out = capsys.readouterr().out
    assert sorted(json.loads(out)["placement"].values()) == [
        "h2",
        "h3",
    ]  # 4 us apart; h1 is 9 from h2
    (tmp_path / "result.json").write_text(out)
    assert main(["check", *argv, "--placement", str(tmp_path / "result.json")]) == 0
    capsys.readouterr()
    # Without links no two hosts are near: infeasible, and a warning says why.
    assert main(["place", *argv[:3], "--output", "json"]) == 1
    assert "the fleet has no links" in json.loads(capsys.readouterr().out)["warnings"][0]


def test_a_network_that_is_wrong_is_bad_input_beside_what_else_is_wrong(
    tmp_path: Path, capsys: Captured
) -> None:
    argv = _files(tmp_path, "<graphml>")
    (tmp_path / "app.json").write_text("{")
    assert main(["place", *argv]) == 2
    err = capsys.readouterr().err
    assert "net.graphml: expected XML" in err
    assert "app.json: expected JSON" in err
    assert main(["place", argv[0], "--url", "http://127.0.0.1:1", "--network", "x"]) == 2
    assert "--network" in capsys.readouterr().err
