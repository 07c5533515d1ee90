"""What a request for the file of a ticket is answered, before a byte of it is read."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus

from core.ranges import Span, UnsatisfiableError, applies, is_known, span_of
from hub.answers import file_answer
from hub.tickets import Ticket


@dataclass(frozen=True, slots=True)
class Answer:
    """A status with its headers, and the bytes that follow: of the file, or these."""

    status: HTTPStatus
    headers: Mapping[str, str] = field(default_factory=dict)
    span: Span | None = None  # of the file
    body: bytes = b""


def answer_for(ticket: Ticket, *, method: str, asked: Mapping[str, str]) -> Answer:
    """Decide by the ticket and the request's headers (names in lower case) alone."""
    headers = file_answer(
        commit=ticket.commit, etag=ticket.etag, size=ticket.size, name=ticket.name
    )
    etag = headers["ETag"]
    if is_known(asked.get("if-none-match", ""), etag):
        return Answer(HTTPStatus.NOT_MODIFIED, headers)
    part = None
    if applies(asked.get("if-range", ""), etag):
        try:
            part = span_of(asked.get("range", ""), ticket.size)
        except UnsatisfiableError:
            told = {**headers, "Content-Range": f"bytes */{ticket.size}", "Content-Length": "0"}
            return Answer(HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE, told)
    span = part or Span(0, ticket.size)
    headers["Content-Length"] = str(span.length)
    if part:
        headers["Content-Range"] = part.content_range(ticket.size)
    status = HTTPStatus.PARTIAL_CONTENT if part else HTTPStatus.OK
    return Answer(status, headers, span if method == "GET" and span.length else None)


def refusal(status: HTTPStatus, code: str, message: str) -> Answer:
    """Say no in the form that the clients show to people; the message is one line of ASCII."""
    body = json.dumps({"error": message}).encode()
    headers = {
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "Cache-Control": "no-store",
        "X-Error-Code": code,
        "X-Error-Message": message,
    }
    return Answer(status, headers, body=body)
