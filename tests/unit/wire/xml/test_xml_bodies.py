"""Bodies as XML, and XML that is refused."""

from __future__ import annotations

from typing import Any

import pytest

from groupsolver import BadInput
from groupsolver.model.fleet import Fleet, Host
from groupsolver.model.value import Value
from groupsolver.wire.bodies.errors import ErrorsAnswer
from groupsolver.wire.bodies.groups import GroupRequest, GroupsAnswer
from groupsolver.wire.bodies.placements import PlacementRequest
from groupsolver.wire.read import read_body, read_data
from groupsolver.wire.write import write_body

HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'
PRETTY = b"""
<group>
  <!-- the front -->
  <name>  web </name>
  <policies>
    <policy>affinity</policy>
    <policy>
      <kind>anti-affinity</kind>
      <max_per_domain> 2 </max_per_domain>
    </policy>
  </policies>
  <metadata>
    <entry><key>a key</key><value/></entry>
    <entry>
      <key>another</key>
      <value>
</value>
    </entry>
  </metadata>
</group>
"""


def read(text: str | bytes, model: type[Value] = GroupRequest, root: str | None = None) -> Any:
    return read_data("xml", text.encode() if isinstance(text, str) else text, model, root=root)


def code_of(text: str | bytes, model: type[Value] = GroupRequest, root: str | None = None) -> str:
    with pytest.raises(BadInput) as caught:
        read_body("xml", text.encode() if isinstance(text, str) else text, model, root=root)
    (fault,) = caught.value.faults
    return f"{fault.path}: {fault.code}" if fault.path else fault.code


@pytest.mark.parametrize(
    ("model", "root", "data", "xml"),
    [
        (GroupRequest, None, {"group": {"name": "web"}}, "<group><name>web</name></group>"),
        (GroupRequest, None, {"group": {}}, "<group><dict/></group>"),
        (
            GroupRequest,
            None,
            {"group": {"name": None, "policies": [], "metadata": {}, "members": ["1", "2"]}},
            (
                "<group><name><null/></name><policies><list/></policies><metadata><dict/></metadata>"
                "<members><member>1</member><member>2</member></members></group>"
            ),
        ),
        (
            GroupRequest,
            None,
            {
                "group": {
                    "policies": [
                        "affinity",
                        {"kind": "spread", "weight": 2, "domains": {"zone": ["z1"]}},
                    ]
                }
            },
            (
                "<group><policies><policy>affinity</policy><policy><kind>spread</kind><weight>2</weight>"
                "<domains><zone><item>z1</item></zone></domains></policy></policies></group>"
            ),
        ),
        (
            GroupRequest,
            None,
            {"group": {"policies": [{"kind": "spread", "share": {"z1": 50}, "at_most": {"2": 0}}]}},
            (
                "<group><policies><policy><kind>spread</kind><share><z1>50</z1></share>"
                "<at_most><entry><key>2</key><value>0</value></entry></at_most>"
                "</policy></policies></group>"
            ),
        ),
        (
            GroupRequest,
            None,
            {"group": {"metadata": {"a": " ", "b c": "\r"}}},
            (
                "<group><metadata><entry><key>a</key><value> </value></entry>"
                "<entry><key>b c</key><value>&#13;</value></entry></metadata></group>"
            ),
        ),
        (GroupsAnswer, None, {"groups": []}, "<groups><list/></groups>"),
        (
            GroupsAnswer,
            None,
            {"groups": [{"name": ""}]},
            "<groups><group><name></name></group></groups>",
        ),
        (
            PlacementRequest,
            None,
            {"placement": {"flavors": {"m1.small": {"resources": {"VCPU": 1}}}, "time_limit": 2.0}},
            (
                "<placement><flavors><m1.small><resources><VCPU>1</VCPU></resources></m1.small></flavors>"
                "<time_limit>2.0</time_limit></placement>"
            ),
        ),
        (
            PlacementRequest,
            None,
            {"placement": {"flavors": {"1 large": {"resources": {}}, "entry": {}}}},
            (
                "<placement><flavors><entry><key>1 large</key>"
                "<value><resources><dict/></resources></value></entry>"
                "<entry><key>entry</key><value><dict/></value></entry></flavors></placement>"
            ),
        ),
        (
            Host,
            "host",
            {"name": "5", "inventory": {"VCPU": 8, "DISK_GB": {"total": 9}}, "enabled": False},
            (
                "<host><name>5</name><inventory><VCPU>8</VCPU><DISK_GB><total>9</total></DISK_GB></inventory>"
                "<enabled>false</enabled></host>"
            ),
        ),
        (
            Host,
            "host",
            {"x-a": [1, 1.5, True, "1", [[]], {"k": None}]},
            (
                "<host><x-a><item><int>1</int></item><item><float>1.5</float></item><item><true/></item><item>1</item>"
                "<item><item><list/></item></item><item><k><null/></k></item></x-a></host>"
            ),
        ),
        # What is of another type than expected says so.
        (
            Host,
            "host",
            {"cost": "5", "name": 5},
            "<host><cost><string>5</string></cost><name><int>5</int></name></host>",
        ),
        (
            Fleet,
            "fleet",
            {"links": [{"between": ["a"]}]},
            "<fleet><links><link><between><end>a</end></between></link></links></fleet>",
        ),
        # A mapping where a list is expected is not taken for its items; metadata is always entries.
        (
            GroupRequest,
            None,
            {"group": {"policies": {"policy": ""}, "metadata": {"a": "b"}}},
            (
                "<group><policies><entry><key>policy</key><value></value></entry></policies>"
                "<metadata><entry><key>a</key><value>b</value></entry></metadata></group>"
            ),
        ),
        (
            Host,
            "host",
            {"metadata": {"a": 5}, "x-a": {"xmlA": ""}, "x-b": {"item": ""}},
            (
                "<host><metadata><entry><key>a</key><value><int>5</int></value></entry></metadata>"
                "<x-a><entry><key>xmlA</key><value></value></entry></x-a>"
                "<x-b><entry><key>item</key><value></value></entry></x-b></host>"
            ),
        ),
        # Of more than one key, or none that can be an element's name.
        (
            GroupRequest,
            None,
            {"group": None, "x-a": ""},
            "<dict><group><null/></group><x-a></x-a></dict>",
        ),
        (
            GroupRequest,
            None,
            {"x-\u00e9": ""},
            "<dict><entry><key>x-\u00e9</key><value></value></entry></dict>",
        ),
        (GroupRequest, None, "<&>", "<string>&lt;&amp;&gt;</string>"),
        (GroupRequest, None, [None], "<list><item><null/></item></list>"),
    ],
)
def test_a_body_has_this_form(model: type[Value], root: str | None, data: Any, xml: str) -> None:
    assert write_body("xml", data, model, root=root).decode() == f"{HEAD}{xml}\n"
    assert read(xml, model, root) == data


def test_lists_of_an_error_are_called_as_they_are() -> None:
    conflict = {"capacity": [{"needed": 5}], "fixes": [{"placement": {"a": "h1"}}], "minimal": True}
    xml = write_body(
        "xml", {"errors": [{"status": 409, "conflict": conflict}]}, ErrorsAnswer
    ).decode()
    assert (
        "<errors><error><status>409</status><conflict><capacity><shortage><needed>5</needed></shortage>"
        in xml
    )
    assert (
        "<fixes><fix><placement><a>h1</a></placement></fix></fixes><minimal>true</minimal>" in xml
    )


def test_white_space_between_elements_is_ignored_and_in_a_text_is_kept() -> None:
    group = read_body("xml", b"\xef\xbb\xbf" + PRETTY.strip(), GroupRequest).group
    assert group.name == "  web "
    assert group.metadata == {"a key": "", "another": "\n"}
    assert [policy.kind for policy in group.policies] == ["affinity", "anti-affinity"]


def test_a_mapping_is_read_from_elements_and_from_entries() -> None:
    entries = "<resources><entry><key>VCPU</key><value>1</value></entry></resources>"
    for form in (entries, "<resources><VCPU>1</VCPU></resources>"):
        placement = read(
            f"<placement><instances><instance>{form}</instance></instances></placement>",
            PlacementRequest,
        )
        assert placement == {"placement": {"instances": [{"resources": {"VCPU": 1}}]}}
    assert read("<group><metadata><a>b</a></metadata></group>") == {
        "group": {"metadata": {"a": "b"}}
    }


@pytest.mark.parametrize(
    ("xml", "code"),
    [
        ("", "not-xml"),
        ("<group>", "not-xml"),
        ("<group></grp>", "not-xml"),
        ("<group/><group/>", "not-xml"),
        ("{}", "not-xml"),
        ("<group>&nbsp;</group>", "not-xml"),
        ("<group>&#1;</group>", "not-xml"),
        ("<a:group/>", "not-xml"),
        (b"<group>\xff</group>", "not-text"),
        ("<group/>".encode("utf-16"), "not-text"),
        ("<?xml version='1.0' encoding='iso-8859-1'?><group/>", "not-text"),
        ("<!DOCTYPE group><group/>", "unsafe-xml"),
        ('<!DOCTYPE group SYSTEM "http://localhost/a.dtd"><group/>', "unsafe-xml"),
        ("<!DOCTYPE group [<!ENTITY a 'b'>]><group>&a;</group>", "unsafe-xml"),
        ("<group id='1'/>", "xml-only"),
        ("<group xml:space='preserve'/>", "xml-only"),
        ("<group xmlns='urn:a'/>", "xml-only"),
        ("<group xmlns:a='urn:a'/>", "xml-only"),
        ("<xml:group/>", "xml-only"),
        ("<group><?php 1 ?></group>", "xml-only"),
        ("<group>a<name>b</name></group>", "xml-only"),
        ("<group><name>b</name>\u00a0</group>", "xml-only"),
        ("<group><name>a</name><null/></group>", "group: xml-only"),
        ("<group><name>a</name><entry/></group>", "group: xml-only"),
        ("<group><entry><key>a</key></entry></group>", "group: xml-only"),
        ("<group><entry><value>a</value><key>a</key></entry></group>", "group: xml-only"),
        ("<group><name><null>x</null></name></group>", "group.name: xml-only"),
        ("<group><name><int><a/></int></name></group>", "group.name: xml-only"),
        ("<group><x-a><list><a/></list></x-a></group>", "group.x-a: xml-only"),
        ("<group><x-a><dict><item/></dict></x-a></group>", "group.x-a: xml-only"),
        ("<group><x-a><int>1.5</int></x-a></group>", "group.x-a: wrong-type"),
        ("<group><x-a><float>1e999</float></x-a></group>", "group.x-a: wrong-type"),
        ("<group><name>a</name><name>b</name></group>", "group.name: duplicate-key"),
        (
            "<group><x-a><item>1</item><item><a/><a/></item></x-a></group>",
            "group.x-a[1].a: duplicate-key",
        ),
        ("<group><policies><polcy/></policies></group>", "group.policies: unknown-key"),
        ("<group><policies/></group>", "group.policies: wrong-type"),
        ("<group><grups><list/></grups></group>", "group.grups: unknown-key"),
    ],
)
def test_what_is_no_body_is_refused(xml: str | bytes, code: str) -> None:
    assert code_of(xml) == code


def test_a_root_by_another_name_is_refused() -> None:
    assert code_of("<hosts/>", Host, "host") == "unknown-key"
    with pytest.raises(BadInput, match=r"unknown key 'grop' \(did you mean 'group'\?\)"):
        read_body("xml", b"<grop><dict/></grop>", GroupRequest)


def test_a_number_that_is_none_is_told_as_in_json() -> None:
    with pytest.raises(BadInput) as caught:
        read_body(
            "xml",
            b"<host><name>h</name><cost>1.5</cost><enabled>yes</enabled></host>",
            Host,
            root="host",
        )
    assert [str(fault) for fault in caught.value.faults] == [
        "cost: expected an integer, found '1.5' [wrong-type]",
        "enabled: expected true or false, found 'yes' [wrong-type]",
    ]
    # Digits of other scripts are digits to Python.
    assert (
        code_of("<host><name>h</name><cost>\u0663</cost></host>", Host, "host")
        == "cost: wrong-type"
    )


def test_a_number_is_of_the_type_that_it_says() -> None:
    data = read(
        "<host><x-a><int> -05 </int></x-a><x-b><float>5</float></x-b><cost>-7</cost></host>",
        Host,
        "host",
    )
    assert repr(data) == "{'x-a': -5, 'x-b': 5.0, 'cost': -7}"
    ratio = "<inventory><VCPU><allocation_ratio>{}</allocation_ratio></VCPU></inventory>"
    for text, number in (
        ("2", 2),
        ("2.0", 2.0),
        ("1e3", 1000.0),
        ("1e999", "1e999"),
        ("nan", "nan"),
    ):
        data = read(f"<host>{ratio.format(text)}</host>", Host, "host")
        assert repr(data["inventory"]["VCPU"]["allocation_ratio"]) == repr(number)


def test_what_neither_form_can_say_is_not_written() -> None:
    for data in ("\x01", "\ufffe", float("nan"), float("inf"), {"a": object()}):
        with pytest.raises(ValueError, match=r"XML cannot|no JSON"):
            write_body("xml", data, GroupRequest)
    with pytest.raises(ValueError, match="Out of range"):
        write_body("json", float("nan"), GroupRequest)
