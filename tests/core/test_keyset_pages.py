"""Keyset pages of a query set: every row once, forward and back, whatever happens meanwhile."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

import pytest
from django.http import QueryDict
from django.test import RequestFactory

from core.cursors import decode_cursor, encode_cursor
from core.errors import InvalidInputError
from core.models import Run
from core.pages import Order, links, page_of, read_text, read_time

pytestmark = pytest.mark.django_db
ID = str(uuid.UUID(int=7))  # the same in every process that collects the tests


@pytest.fixture
def keys():
    Run.objects.bulk_create(Run(kind="test", key=f"{n:02d}") for n in range(11))
    return [f"{n:02d}" for n in range(11)]


ORDERS = {
    "key": Order("key", descending=False, read=read_text, text_ids=True),
    "-key": Order("key", descending=True, read=read_text, text_ids=True),
    "-created_at": Order("created_at", descending=True, read=read_time, text_ids=True),
}


def ask(link="", *, by="key", size=4):
    """Give the page that this link leads to, with the links that it shows."""
    request = RequestFactory().get(f"/{link}")
    cursor = request.GET.get("cursor", "")
    page = page_of(Run.objects.all(), order=ORDERS[by], cursor=cursor, limit=size)
    return SimpleNamespace(rows=page.rows, **links(request, page))


def keys_on(page):
    return [run.key for run in page.rows]


def walk(way, start, **values):
    pages = [start]
    while link := getattr(pages[-1], way):
        pages.append(ask(link, **values))
        assert len(pages) < 20, "it goes in circles"
    return pages


@pytest.mark.parametrize("by", ["key", "-key"])
@pytest.mark.parametrize("size", [1, 3, 4, 11, 50])
def test_walking_gives_every_row_once_in_order_and_back_again(keys, by, size):
    order = keys if by == "key" else keys[::-1]
    forward = walk("older", ask(by=by, size=size), by=by, size=size)
    assert [key for page in forward for key in keys_on(page)] == order
    assert all(len(page.rows) == size for page in forward[:-1])
    assert forward[0].newer == ""
    back = walk("newer", forward[-1], by=by, size=size)
    assert [key for page in back[::-1] for key in keys_on(page)] == order


def test_rows_that_come_and_go_neither_repeat_nor_hide_others(keys):
    first = ask()
    Run.objects.create(kind="test", key="00a")
    Run.objects.filter(key="03").delete()  # the very row that the cursor names
    rest = walk("older", ask(first.older))
    assert [key for page in rest for key in keys_on(page)] == keys[4:]


def test_a_page_costs_one_query_however_deep(keys, django_assert_num_queries):
    page = walk("older", ask(size=2), size=2)[-2]
    with django_assert_num_queries(1):
        ask(page.older, size=2)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_rows_of_one_value_are_told_apart_by_their_id(size):
    Run.objects.bulk_create(Run(kind=f"kind {n}", key="same") for n in range(7))
    forward = walk("older", ask(size=size), size=size)
    found = [run.pk for page in forward for run in page.rows]
    assert found == list(Run.objects.order_by("id").values_list("pk", flat=True))


def test_an_empty_list_has_no_way_on():
    page = ask()
    assert (page.rows, page.newer, page.older, page.shown) == ([], "", "", "0 shown")


def test_the_other_words_of_the_address_stay(keys):
    page = ask("?state=failed&q=a%26b")
    query = QueryDict(page.older.removeprefix("?"))
    assert (query["state"], query["q"]) == ("failed", "a&b")
    assert ask(page.older).rows


@pytest.mark.parametrize(
    "cursor",
    [
        "x",
        "%00",
        "e30",
        encode_cursor("key"),
        encode_cursor("-key", "after", "03", ID),
        "á",
        "=" * 9,
    ],
)
def test_a_cursor_of_another_list_is_a_clear_error(keys, cursor):
    with pytest.raises(InvalidInputError, match="not from this list") as refused:
        ask(f"?cursor={cursor}")
    assert refused.value.details["field"] == "cursor"


@pytest.mark.parametrize("value", [{"a": 1}, [1], None, True, 1.5, "x\0y"])
def test_a_cursor_with_a_value_of_another_kind_is_one_too(keys, value):
    with pytest.raises(InvalidInputError):
        ask(f"?cursor={encode_cursor('key', 'after', value, ID)}")


@pytest.mark.parametrize("value", ["yesterday", "2026-13-01", 7, "", "9" * 40])
def test_a_date_is_a_date(keys, value):
    cursor = encode_cursor("-created_at", "after", value, ID)
    with pytest.raises(InvalidInputError):
        ask(f"?cursor={cursor}", by="-created_at")


@pytest.mark.parametrize("direction", ["sideways", 1, None])
def test_a_cursor_has_two_directions(keys, direction):
    with pytest.raises(InvalidInputError):
        ask(f"?cursor={encode_cursor('key', direction, '03', ID)}")


@pytest.mark.parametrize("row_id", ["", "x", 7, None, [ID]])
def test_a_cursor_names_a_row_by_its_id(keys, row_id):
    with pytest.raises(InvalidInputError):
        ask(f"?cursor={encode_cursor('key', 'after', '03', row_id)}")


@pytest.mark.parametrize("parts", [("a",), (1, "b"), ("ü", None, 2.5), ("x" * 300,)])
def test_a_cursor_comes_back_as_it_was_and_fits_an_address(parts):
    text = encode_cursor(*parts)
    assert decode_cursor(text, parts=len(parts)) == list(parts)
    assert text.replace("-", "").replace("_", "").isalnum()
