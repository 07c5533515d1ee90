"""What the streams process answers to which request, by the ticket alone."""

from __future__ import annotations

import pytest

from core.ranges import Span
from hub.streams.answering import answer_for
from hub.tickets import Ticket

TICKET = Ticket("ab" * 32, 1000, "cd" * 20, "a b.bin", "c" * 40, "1.1", 2**40)
ETAG = f'"{TICKET.etag}"'


@pytest.mark.parametrize(
    ("asked", "status", "span", "told"),
    [
        ({}, 200, Span(0, 1000), None),
        ({"range": "bytes=0-9"}, 206, Span(0, 10), "bytes 0-9/1000"),
        ({"range": "bytes=990-"}, 206, Span(990, 10), "bytes 990-999/1000"),
        ({"range": "bytes=-1"}, 206, Span(999, 1), "bytes 999-999/1000"),
        ({"range": "bytes=1000-"}, 416, None, "bytes */1000"),
        ({"range": "bytes=0-1,5-6"}, 200, Span(0, 1000), None),
        ({"range": "bytes=1-2", "if-range": ETAG}, 206, Span(1, 2), "bytes 1-2/1000"),
        ({"range": "bytes=1-2", "if-range": '"other"'}, 200, Span(0, 1000), None),
        ({"if-none-match": ETAG}, 304, None, None),
        ({"if-none-match": '"other"'}, 200, Span(0, 1000), None),
    ],
)
def test_a_request_is_answered(asked, status, span, told):
    answer = answer_for(TICKET, method="GET", asked=asked)
    assert (answer.status, answer.span) == (status, span)
    assert answer.headers.get("Content-Range") == told
    assert answer.headers["ETag"] == answer.headers["X-Linked-ETag"] == ETAG
    assert answer.headers["X-Repo-Commit"] == TICKET.commit
    assert answer.headers["X-Linked-Size"] == "1000"
    if span:
        assert answer.headers["Content-Length"] == str(span.length)


def test_a_head_has_the_headers_of_a_get_and_no_bytes():
    head, get = (answer_for(TICKET, method=method, asked={}) for method in ("HEAD", "GET"))
    assert (head.status, head.headers, head.span) == (get.status, get.headers, None)


def test_a_file_without_a_byte_has_an_answer():
    empty = Ticket("ab" * 32, 0, "cd" * 20, "empty", "c" * 40, "1.1", 2**40)
    whole = answer_for(empty, method="GET", asked={})
    assert (whole.status, whole.span, whole.headers["Content-Length"]) == (200, None, "0")
    assert answer_for(empty, method="GET", asked={"range": "bytes=0-"}).status == 416
