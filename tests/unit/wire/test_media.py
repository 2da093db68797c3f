"""The form that a request has, and the form that it accepts."""

from __future__ import annotations

from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from groupsolver.wire.media import NotAcceptable, UnsupportedMedia, answer_form, body_kind


@pytest.mark.parametrize(
    ("accept", "kind"),
    [
        (None, "json"),
        ("", "json"),
        (" ", "json"),
        ("*/*", "json"),
        ("application/*", "json"),
        ("application/json", "json"),
        ("APPLICATION/JSON", "json"),
        ("application/json; charset=utf-8", "json"),
        ("application/xml", "xml"),
        ("text/xml;charset=utf-8;q=0.5", "xml"),
        ("text/*", "xml"),
        ("application/xml;q=0.9, application/json;q=0.8", "xml"),
        ("application/xml;q=0.8, application/json;q=0.9", "json"),
        ("application/json, application/xml", "json"),
        ("application/xml, application/json", "json"),
        ("application/xml, */*", "xml"),
        ("application/xml, */*;q=0.1", "xml"),
        ("*/*, application/json;q=0", "xml"),
        ("application/xml;q=0, */*;q=0.1", "json"),
        ("text/html, application/xhtml+xml, application/xml;q=0.9, */*;q=0.8", "xml"),
    ],
)
def test_an_answer_has_the_form_that_is_liked_best(accept: str | None, kind: str) -> None:
    assert answer_form(accept).kind == kind


@pytest.mark.parametrize(
    ("accept", "media"),
    [
        (None, "application/json"),
        ("application/*;q=0.1, text/xml", "text/xml"),
        ("text/xml;charset=utf-8;q=0.5", "text/xml"),
        ("text/*", "text/xml"),
        ("text/xml, application/xml", "application/xml"),
        ("text/xml;q=0.9, application/xml;q=0.8", "text/xml"),
        ("application/xml;q=0.9, */*;q=0.1", "application/xml"),
    ],
)
def test_an_answer_is_sent_as_the_media_type_that_was_asked_for(
    accept: str | None, media: str
) -> None:
    assert answer_form(accept).media == media


@pytest.mark.parametrize(
    "accept",
    [
        "text/html",
        "application/json;q=0",
        "*/*;q=0",
        "image/*",
        "application/jsonp",
        "nonsense",
        "a/b;q=x",
        ",",
    ],
)
def test_an_answer_that_cannot_be_is_refused(accept: str) -> None:
    with pytest.raises(NotAcceptable):
        answer_form(accept)


@pytest.mark.parametrize(
    ("content_type", "kind"),
    [
        (None, "json"),
        ("", "json"),
        ("application/json", "json"),
        ("Application/JSON; Charset=UTF-8", "json"),
        ('application/json; charset="utf8"', "json"),
        ("application/merge-patch+json", "json"),
        ("application/xml", "xml"),
        ("text/xml; charset=utf-8", "xml"),
    ],
)
def test_a_body_is_of_the_form_that_it_says(content_type: str | None, kind: str) -> None:
    assert body_kind(content_type) == kind


@pytest.mark.parametrize(
    "content_type",
    [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=latin-1",
        "json",
        "*/*",
        ";",
    ],
)
def test_a_body_of_another_form_is_refused(content_type: str) -> None:
    with pytest.raises(UnsupportedMedia):
        body_kind(content_type)


@given(header=st.text(max_size=40) | st.text("aplicton/jsxm*;q=0.1, \"'", max_size=40))
def test_any_header_is_understood_or_refused(header: str) -> None:
    with suppress(NotAcceptable):
        assert answer_form(header).kind in {"json", "xml"}
    with suppress(UnsupportedMedia):
        assert body_kind(header) in {"json", "xml"}
