"""The picture in a browser: its script runs under its own policy, and answers clicks and keys."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import quote

import pytest

from groupsolver.picture import picture
from tests.unit.picture.test_picture import application, drawn, fleet, placed
from tests.unit.picture.test_safety import HOSTILE, hostile

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


def test_hostile_names_stay_text(browser: Browser) -> None:
    for name in HOSTILE[:2]:
        dom = browser(picture(*hostile()), f"#host={quote(name, safe='')}")
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
