"""The first answer: is it the Hub of a yard at all, under this address and with this key."""

from __future__ import annotations

from dataclasses import dataclass

from core.errors import ModelyardError
from hub.doctor.wire import Answer, Wire
from hub.errors import BAD_CREDENTIALS

ECHO = "/api/yard/echo"


@dataclass(frozen=True, slots=True)
class Entrance:
    """`fault` names the probe that failed and why; with neither echo nor fault no key was given."""

    echo: Answer | None = None
    fault: tuple[str, str] | None = None


def enter(wire: Wire) -> Entrance:
    """Ask for the echo; what is wrong with the answer is wrong with every other."""
    try:
        answer = wire.ask(ECHO)
    except ModelyardError as error:
        return Entrance(fault=("answers", error.message))
    if answer.is_redirect:
        place = wire.place_of(ECHO, answer.header("Location"))
        return Entrance(fault=("direct", f"{wire.url} redirects to {place}."))
    if answer.body.get("yard") == "echo":
        return _echoed(wire, answer)
    if "error" in answer.body:
        return _refused(wire, answer)
    return Entrance(fault=_foreign(wire, answer))


def _echoed(wire: Wire, answer: Answer) -> Entrance:
    seen, sent = answer.body.get("path"), f"{wire.path}{ECHO}"
    if seen != sent:
        return Entrance(fault=("prefix", f"{sent} was asked for and arrived as {seen}."))
    return Entrance(echo=answer)


def _refused(wire: Wire, answer: Answer) -> Entrance:
    """The Hub spoke and did not echo."""
    said = str(answer.body["error"])
    unauthorized = answer.status == 401  # noqa: PLR2004 the status
    if unauthorized and not wire.key:
        return Entrance()
    if unauthorized and said != BAD_CREDENTIALS:
        return Entrance(fault=("authorization", "A key was sent and none arrived."))
    return Entrance(fault=("key", f"The key was answered {answer.status}: {said}"))


def _foreign(wire: Wire, answer: Answer) -> tuple[str, str]:
    """Every answer of a yard has a request id; those of its Hub are the echo or an error."""
    if answer.header("X-Request-Id"):
        what = f"The yard answers, but not its Hub (status {answer.status})"
        return "prefix", f"{what}: {wire.path or '/'} did not arrive as /hf."
    return "hub", f"Something that is no yard answers with status {answer.status}."
