from __future__ import annotations

import pytest

from core.ranges import Span, UnsatisfiableError, applies, is_known, span_of


@pytest.mark.parametrize(
    ("header", "span"),
    [
        ("bytes=0-0", Span(0, 1)),
        ("bytes=2-", Span(2, 8)),
        ("bytes=2-4", Span(2, 3)),
        ("bytes=2-99", Span(2, 8)),
        ("bytes=9-9", Span(9, 1)),
        ("bytes=-3", Span(7, 3)),
        ("bytes=-99", Span(0, 10)),
        ("bytes= 1 - 2 ", Span(1, 2)),
        ("", None),
        ("bytes=-", None),
        ("bytes=4-2", None),
        ("bytes=0-1,3-4", None),
        ("items=0-1", None),
        ("bytes=a-b", None),
        ("bytes=\u0661-\u0662", None),
        ("bytes=" + "1" * 30 + "-", None),
    ],
)
def test_a_range_of_ten_bytes(header, span):
    assert span_of(header, 10) == span


@pytest.mark.parametrize(("header", "size"), [("bytes=10-", 10), ("bytes=-0", 10), ("bytes=0-", 0)])
def test_a_range_behind_the_end_cannot_be_served(header, size):
    with pytest.raises(UnsatisfiableError):
        span_of(header, size)


def test_content_range_counts_from_zero():
    assert Span(2, 3).content_range(10) == "bytes 2-4/10"


@pytest.mark.parametrize(
    ("if_range", "yes"),
    [("", True), ('"x"', True), ('"y"', False), ('W/"x"', False), ("Mon, 1", False)],
)
def test_a_range_of_another_file_is_not_continued(if_range, yes):
    assert applies(if_range, '"x"') is yes


@pytest.mark.parametrize(
    ("known", "yes"),
    [("", False), ('"x"', True), ('W/"x"', True), ('"a", "x"', True), ("*", True), ('"y"', False)],
)
def test_a_copy_that_the_client_has_is_recognized(known, yes):
    assert is_known(known, '"x"') is yes
