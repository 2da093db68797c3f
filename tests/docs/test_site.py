"""What the site of the docs adds to their pages; `make docs` itself checks every link."""

from __future__ import annotations

import re
from types import SimpleNamespace

import pytest

import groupsolver
from docs.site.hooks import REPOSITORY, on_page_markdown, on_post_page
from tests.support.doc_pages import ROOT


def test_fences_have_no_words_but_the_language() -> None:
    page = "```yaml app\ngroups: []\n```\n\n```python\nx = 1\n```\n"
    assert on_page_markdown(page) == page.replace("yaml app", "yaml")


def test_links_out_of_the_docs_lead_to_the_repository() -> None:
    page = "[here](files.md#cluster), [there](../README.md)"
    assert on_page_markdown(page) == f"[here](files.md#cluster), [there]({REPOSITORY}/README.md)"


@pytest.mark.parametrize(
    "loaded",
    [
        '<script async src="https://example.org/x.js">',
        '<link rel="stylesheet" href="//example.org/x.css">',
        '<img alt="" src=http://example.org/x.png>',
    ],
)
def test_a_page_that_loads_something_from_elsewhere_is_refused(loaded: str) -> None:
    pytest.importorskip("mkdocs")
    page = SimpleNamespace(file=SimpleNamespace(src_uri="files.md"))
    with pytest.raises(Exception, match=r"files\.md loads something from elsewhere"):
        on_post_page(f"<html>{loaded}</html>", page=page)


def test_a_page_may_link_anywhere() -> None:
    pytest.importorskip("mkdocs")
    page = '<a href="https://example.org">there</a><img src="pictures/near.svg">'
    assert on_post_page(page, page=SimpleNamespace()) == page


def test_the_reference_has_every_public_name() -> None:
    reference = (ROOT / "docs/reference.md").read_text(encoding="utf-8")
    there = set(re.findall(r"^::: groupsolver\.(?:\w+\.)*(\w+)$", reference, re.MULTILINE))
    assert sorted(set(groupsolver.__all__) - there - {"__version__"}) == []


def test_links_are_checked_by_the_build() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    (build,) = re.findall(r"mkdocs build.*", makefile)
    assert build == "mkdocs build --strict"  # mkdocs counts no warnings under --quiet
