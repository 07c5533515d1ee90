"""The streams process: an ASGI application that sends what a ticket names, and asks nothing else.

No database, no session, no key: who made the ticket has decided and has written the trail. A client
that reads slowly costs a few buffers here, and no thread.
"""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping
from concurrent.futures import Executor
from contextlib import suppress
from http import HTTPStatus
from typing import Any, Final

import structlog

from core.errors import ModelyardError
from core.ranges import Span
from core.storage import ContentStore
from hub import tickets
from hub.streams.answering import Answer, answer_for, refusal
from hub.streams.body import Body, Receive, Send
from hub.streams.pace import Lanes
from hub.streams.reports import Reports
from hub.streams.sources import opened
from hub.tickets import Ticket, TicketError

log = structlog.get_logger("yard.streams")
READY: Final = "/ready"
Scope = MutableMapping[str, Any]


class Streams:
    """Answer `/-bytes/TICKET`; made once for each process."""

    def __init__(
        self, store: ContentStore, *, secret: str, reports: Reports, threads: Executor
    ) -> None:
        self._store, self._secret = store, secret
        self._reports, self._threads = reports, threads
        self._lanes = Lanes()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await self._live(receive, send)
        elif scope["path"] == READY:
            await _say(send, Answer(HTTPStatus.OK, {"Content-Length": "6"}, body=b"ready\n"))
        else:
            await self._answer(scope, receive, send)

    async def _live(self, receive: Receive, send: Send) -> None:
        """Tell what was sent for as long as the process lives, and at its end."""
        await receive()
        telling = asyncio.create_task(self._reports.run())
        await send({"type": "lifespan.startup.complete"})
        await receive()
        telling.cancel()
        with suppress(asyncio.CancelledError):
            await telling
        await self._reports.flush()
        await send({"type": "lifespan.shutdown.complete"})

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["method"] not in {"GET", "HEAD"}:
            await _say(
                send, refusal(HTTPStatus.METHOD_NOT_ALLOWED, "BadRequest", "Files are read.")
            )
            return
        try:
            ticket = tickets.read(_word_of(scope), secret=self._secret)
        except TicketError as error:
            await _say(send, refusal(HTTPStatus.FORBIDDEN, "BadTicket", str(error)))
            return
        asked = {name.decode("latin-1"): text.decode("latin-1") for name, text in scope["headers"]}
        answer = answer_for(ticket, method=scope["method"], asked=asked)
        if answer.span is None:
            await _say(send, answer)
        else:
            await self._send(ticket, answer, answer.span, receive, send)

    async def _send(
        self, ticket: Ticket, answer: Answer, span: Span, receive: Receive, send: Send
    ) -> None:
        """Send bytes of the file; a fault before the first is said, a later one ends the answer."""
        try:
            body = await self._begun(ticket, span)
        except (ModelyardError, OSError) as error:
            log.exception("content_not_read", sha256=ticket.sha256, error=str(error))
            fault = "The registry cannot read this file at the moment."
            await _say(send, refusal(HTTPStatus.SERVICE_UNAVAILABLE, "Unavailable", fault))
            return
        try:
            await _start(send, answer)
            await body.send(receive, send)
        except (ModelyardError, OSError) as error:
            log.exception("answer_broken_off", sha256=ticket.sha256, error=str(error))
        finally:
            self._reports.note(ticket.served, body.sent)
            await body.close()

    async def _begun(self, ticket: Ticket, span: Span) -> Body:
        """Open the content and read its first piece."""
        source = await opened(self._store, ticket.sha256, ticket.size, span, threads=self._threads)
        body = Body(source, span.length, self._lanes)
        try:
            await body.begin()
        except BaseException:
            await body.close()
            raise
        return body


def _word_of(scope: Scope) -> str:
    """The ticket of an address; of any other address, what is none."""
    path: str = scope["path"]
    return path.removeprefix(tickets.PREFIX) if path.startswith(tickets.PREFIX) else ""


async def _start(send: Send, answer: Answer) -> None:
    headers = [(name.lower().encode(), text.encode()) for name, text in answer.headers.items()]
    await send({"type": "http.response.start", "status": int(answer.status), "headers": headers})


async def _say(send: Send, answer: Answer) -> None:
    await _start(send, answer)
    await send({"type": "http.response.body", "body": answer.body})
