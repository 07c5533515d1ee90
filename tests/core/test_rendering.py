"""Fragments that are made often: as templates would make them, at a fraction of the work."""

from __future__ import annotations

import pytest
from django.template.loader import get_template
from django.utils.html import format_html
from django.utils.safestring import mark_safe

from core.markup import markup
from core.rendering import filled, remembered
from core.templatetags.links import place

ROW = "catalog/models_row.html"
VALUES = {
    "type_icon": mark_safe("<svg/>"),
    "link": mark_safe('<a href="/">x</a>'),
    "params": '<b>"7 B" & %(size)s</b>',
    "size": "100 %",
    "states": mark_safe("<td>held</td>"),
    "changed": 5,
}


def test_a_filled_template_is_the_rendered_one():
    rendered = get_template(ROW).render(dict(VALUES))
    for _ in range(2):
        assert filled(ROW, **VALUES) == rendered
    assert "<b>" not in rendered


def test_a_value_that_the_template_does_not_print_is_a_mistake():
    with pytest.raises(ValueError, match="does not print 'owner'"):
        filled(ROW, **VALUES, owner="x")


def test_a_remembered_text_is_that_of_its_values():
    one, two = (remembered("layouts/bell.html", unread=number) for number in (0, 3))
    assert one != two
    assert remembered("layouts/bell.html", unread=0) is one


@pytest.mark.parametrize("value", ["<&\"'>", mark_safe("<i>"), 7, None])
def test_markup_escapes_as_django_does(value):
    assert markup('<p title="{}">{}</p>', value, value) == format_html(
        '<p title="{}">{}</p>', value, value
    )


@pytest.mark.parametrize(
    ("path", "found"),
    [("/", "/"), ("/models/", "/models/"), ("/models/a--b/files/", "/models/"), ("/health", "/")],
)
def test_the_place_of_a_page_is_the_first_part_of_its_path(path, found):
    assert place(path) == found
