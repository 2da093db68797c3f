"""The picture in a browser: its script runs under its own policy, and answers clicks and keys."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from typing import Any
from urllib.parse import quote

import pytest

from groupsolver.constraints.registry import Application
from groupsolver.model.fleet import Fleet
from groupsolver.model.result import Result
from groupsolver.picture import picture
from tests.unit.picture.conflicts.test_named_places import large
from tests.unit.picture.test_picture import application, drawn, fleet, placed
from tests.unit.picture.test_safety import HOSTILE, hostile, hostile_conflict, hostile_network

CHROMIUM = next(
    filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome", "chrome"))),
    None,
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--disable-dev-shm-usage",
)  # fmt: skip

Browser = Callable[..., str]


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Browser:
    """Opens a page, at an anchor, and gives what became of it."""
    if CHROMIUM is None:
        pytest.skip("no Chromium on this machine: the picture is not opened in a browser")
    home = tmp_path_factory.mktemp("browser")

    def opened(text: str, anchor: str = "") -> str:
        (home / "page.html").write_text(text, encoding="utf-8")
        command = [CHROMIUM or "", *FLAGS, f"--user-data-dir={home / 'profile'}", "--dump-dom"]
        address = (home / "page.html").as_uri() + anchor
        return subprocess.run(
            [*command, address], capture_output=True, timeout=60, check=False
        ).stdout.decode()

    if "it starts" not in opened("<p>it starts"):
        pytest.skip(f"{CHROMIUM} does not start here: the picture is not opened in a browser")
    return opened


def acting(text: str, script: str) -> str:
    """Run a script on the page, which the page's own policy would not allow."""
    without = re.sub(r'<meta http-equiv="Content-Security-Policy"[^>]*>', "", text)
    return without.replace("</body>", f"<script>{script}</script></body>")


def panel(dom: str) -> str:
    """Return the text of the details panel."""
    found = re.search(r'<section class="panel[^>]*>(.*?)</section>', dom, re.DOTALL)
    assert found
    return re.sub(r"<[^>]*>", " ", found[1])


@pytest.mark.parametrize("hosts", [30, 10_000])
def test_an_address_selects_a_member(browser: Browser, hosts: int) -> None:
    _, result, text = drawn(hosts)
    assert result.placement
    dom = browser(text, "#member=group-2%2F1")
    assert 'data-ready="yes"' in dom
    assert 'data-selected="group-2/1"' in dom
    details = panel(dom)
    assert result.placement["group-2/1"] in details
    assert "no host holds more than 1 member of group-2" in details
    assert "zone" in details
    assert "VCPU" in details


def test_a_click_keeps_a_card(browser: Browser) -> None:
    app, there = application(), fleet(200)
    text = picture(app, there, placed(app, there))
    click = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    dom = browser(acting(text, f"document.querySelector('.slim').{click}"))
    assert 'class="panel kept"' in dom
    assert "No member of the application is here" in panel(dom)
    both = (
        f"document.querySelector('.slim').{click}; document.querySelector('[data-m=\"5\"]').{click}"
    )
    dom = browser(acting(text, both))
    assert len(re.findall(r'<g class="[^"]* kept"', dom)) == 1
    assert "group-1/1" in panel(dom)
    assert 'class="row sel"' in dom
    dom = browser(acting(text, f"document.querySelector('[data-g=\"1\"]').{click}"))
    lit = re.search(r'<svg[^>]* class="some"', dom)
    assert lit
    assert len(re.findall(r'class="host[^"]* lit"', dom)) == 4


def test_keys_reach_every_host(browser: Browser) -> None:
    app, there = application(), fleet(30)
    text = picture(app, there, placed(app, there))
    event = "new KeyboardEvent('keydown', {key, bubbles: true})"
    press = f"const press = (key) => document.activeElement.dispatchEvent({event});"
    start = f"{press} document.querySelector('.host').focus();"
    dom = browser(acting(text, f"{start} press('ArrowRight'); press('Enter');"))
    assert "h000001" in panel(dom)
    assert 'class="panel kept"' in dom
    dom = browser(
        acting(text, f"{start} press('Enter'); press('Escape'); document.activeElement.blur();")
    )
    assert "Point at a host" in panel(dom)


def test_a_rule_of_a_conflict_shows_its_places(browser: Browser) -> None:
    text = picture(*large(10_000, 3))
    click = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    dom = browser(acting(text, f"document.querySelector('[data-rule=\"2\"]').{click}"))
    assert len(re.findall(r'class="host[^"]* lit"', dom)) == 3
    # Rule 1 speaks of racks: all that is drawn inside is lit.
    dom = browser(acting(text, f"document.querySelector('[data-rule=\"1\"]').{click}"))
    assert len(re.findall(r'class="frame[^"]* lit"', dom)) == 3
    assert len(re.findall(r'class="tile[^"]* lit"', dom)) == 3
    dom = browser(acting(text, f"document.querySelector('.host.named').{click}"))
    assert "rule 2 of the conflict" in panel(dom)


def test_a_group_of_groups_shows_the_members_of_all(browser: Browser) -> None:
    app = Application.model_validate({
        "groups": [
            {"name": "a", "members": [{"resources": {}}]},
            {"name": "b", "members": [{"resources": {}}]},
            {"name": "inner", "groups": ["a"]},
            {"name": "outer", "groups": ["inner"]},
        ],
    })  # fmt: skip
    hosts = [{"name": name} for name in ("h1", "h2", "h3")]
    result = Result(status="feasible", placement={"a/0": "h1", "b/0": "h2"})
    text = picture(app, Fleet.model_validate({"hosts": hosts}), result)
    click = "dispatchEvent(new MouseEvent('click', {bubbles: true}))"
    for name, lit in (("outer", 1), ("b", 1)):
        find = f"[...document.querySelectorAll('button')].find((b) => b.title.endsWith(' {name}'))"
        dom = browser(acting(text, f"{find}.{click}"))
        assert len(re.findall(r'class="host[^"]* lit"', dom)) == lit


def test_pointing_at_a_domain_shows_where_its_members_go(browser: Browser) -> None:
    app = Application.model_validate({
        "groups": [{
            "name": "db",
            "members": [{"resources": {}}],
            "policies": [{"kind": "survives", "level": "rack"}],
        }],
    })  # fmt: skip
    hosts = [{"name": f"h{i}", "domains": {"rack": f"r{i}"}} for i in range(2)]
    there = Fleet.model_validate({"levels": ["rack"], "hosts": hosts})
    witness = {"db: rack r0": {"db/0": "h1"}}
    text = picture(app, there, Result(status="feasible", placement={"db/0": "h0"}, witness=witness))
    over = "dispatchEvent(new MouseEvent('mouseover', {bubbles: true}))"
    dom = browser(acting(text, f"document.querySelector('.frame').{over}"))
    assert "after the loss of" in panel(dom)
    assert "h1" in panel(dom)
    assert len(re.findall(r'class="host[^"]* target"', dom)) == 1
    leave = "document.getElementById('fleet').dispatchEvent(new MouseEvent('mouseleave'))"
    dom = browser(acting(text, f"document.querySelector('.frame').{over}; {leave}"))
    assert not re.findall(r'class="host[^"]* target"', dom)


@pytest.mark.parametrize("made", [hostile, hostile_conflict, hostile_network])
def test_hostile_names_stay_text(browser: Browser, made: Any) -> None:
    for name in HOSTILE[:2]:
        dom = browser(picture(*made()), f"#host={quote(name, safe='')}")
        assert 'class="panel kept"' in dom
        tags = Tags(dom)
        assert tags.names.count("script") == 2
        assert not {"img", "b"} & set(tags.names)
        assert not [name for name in tags.attributes if name.startswith("on")]


class Tags(HTMLParser):
    """The elements that a browser made of a page."""

    def __init__(self, dom: str) -> None:
        super().__init__()
        self.names: list[str] = []
        self.attributes: set[str] = set()
        self.feed(dom)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.append(tag)
        self.attributes.update(name for name, _ in attrs)
