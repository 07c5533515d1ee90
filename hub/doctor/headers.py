"""Probes that need no model: what became of headers, methods, addresses and bodies on the way."""

from __future__ import annotations

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final
from urllib.parse import unquote, urlsplit

from hub.doctor.entrance import ECHO
from hub.doctor.wire import Answer, SkippedError, Wire
from hub.echo import ARRIVED, METHOD

_TEMPORARY: Final = 307
_FORBIDDEN: Final = 403
_ODD: Final = "/feature%2Fx/a%20b%2Bc+d%23e%25f%3Fg%C3%BC"
_BODY: Final = bytes(1 << 20)
_SKEW: Final = 300.0  # seconds: signed addresses and ends of keys are told by the clock
_REWRITTEN: Final = frozenset({"ETag", "Link"})  # other probes look at their values


def lost_headers(wire: Wire, echo: Answer) -> str:
    """Name the headers that clients need and do not get."""
    sent = {str(name): str(value) for name, value in dict(echo.body.get("sent", {})).items()}
    lost = [name for name in sent if not echo.header(name)]
    lost += [
        name
        for name, value in sent.items()
        if name not in (*_REWRITTEN, *lost) and echo.header(name) != value
    ]
    refusal = _refusal(wire)
    if "error" in refusal.body:  # else another probe says that it was replaced
        lost += [] if refusal.header("X-Error-Code") else ["X-Error-Code"]
        whole = refusal.header("X-Error-Message") == refusal.body["error"]
        lost += [] if whole else ["X-Error-Message"]
    return f"Lost or changed on the way: {', '.join(sorted(lost))}." if lost else ""


def head_stays(wire: Wire, echo: Answer) -> str:
    """A HEAD that arrives as GET makes the yard send the file, and write that somebody took it."""
    arrived = wire.ask(ECHO, method="HEAD").header(METHOD)
    if not arrived:
        raise SkippedError("The header that would tell it was lost, as headers says.")
    return f"A HEAD arrived as {arrived}." if arrived != "HEAD" else ""


def nothing_packs(wire: Wire, echo: Answer) -> str:
    """What says no-transform arrives as it is: packed, it has no length and no parts."""
    head = wire.ask(ECHO, method="HEAD")
    if packed := head.header("Content-Encoding"):
        return f"A HEAD that asked for identity was answered in {packed}, without the true length."
    body = wire.ask(ECHO, headers={"Accept-Encoding": "gzip, deflate, br, zstd"})
    if packed := body.header("Content-Encoding"):
        return f"What may not be transformed was packed by {packed}."
    etag = body.header("ETag")
    sent = dict(body.body.get("sent", {})).get("ETag", "")
    return f"The ETag {sent} became {etag}." if etag and sent != etag else ""


def paths_stay(wire: Wire, echo: Answer) -> str:
    """Names of files and branches hold `%2F`, `%23`, `%25`, `%3F`, spaces, plus signs, umlauts."""
    answer = wire.ask(f"{ECHO}{_ODD}")
    expected = f"{wire.path}{ECHO}{unquote(_ODD)}"
    if answer.body.get("yard") != "echo":
        return f"{_ODD} below {ECHO} was answered with status {answer.status}."
    seen = answer.body.get("path")
    return f"{expected!r} arrived as {seen!r}." if seen != expected else ""


def link_leads_here(wire: Wire, echo: Answer) -> str:
    """Clients follow Link to the letter, with their key."""
    place = next_page(echo)
    if not place:
        raise SkippedError("It was lost, as headers says.")
    if place.startswith(f"{wire.url}{ECHO}"):
        return ""
    here, there = urlsplit(wire.url), urlsplit(place)
    what = "host" if here.netloc != there.netloc else "scheme"
    what = "address" if (here.scheme, here.netloc) == (there.scheme, there.netloc) else what
    return f"The next page of {wire.url} is said to be at {place}: another {what}."


def next_page(echo: Answer) -> str:
    """Where Link leads; '' when it was lost."""
    return echo.header("Link").partition("<")[2].partition(">")[0]


def redirects_stay(wire: Wire, echo: Answer) -> str:
    """Older clients follow only relative redirects."""
    answer = wire.ask(f"{ECHO}?answer=redirect")
    sent = f"{wire.path}{ECHO}/{ARRIVED}"
    if answer.status != _TEMPORARY:
        return f"A redirect (307) arrived as {answer.status}."
    location = answer.header("Location")
    return f"A redirect to {sent} arrived as one to {location}." if location != sent else ""


def refusals_stay(wire: Wire, echo: Answer) -> str:
    """A refusal has the reason in it; a page of the proxy's own has none."""
    answer = _refusal(wire)
    if answer.status != _FORBIDDEN:
        return f"A refusal (403) arrived as {answer.status}."
    return "" if "error" in answer.body else "The text of a refusal was replaced by another."


def bodies_pass(wire: Wire, echo: Answer) -> str:
    """Clients ask for thousands of paths in one body."""
    answer = wire.ask(ECHO, method="POST", content=_BODY)
    length = answer.body.get("length")
    if length == len(_BODY):
        return ""
    return f"A body of {len(_BODY)} bytes was answered with status {answer.status}."


def nothing_is_kept(wire: Wire, echo: Answer) -> str:
    """What one key is answered is for that key alone."""
    sent = echo.body.get("sent")
    kept = wire.ask(ECHO).body.get("sent") == sent
    return "The same answer came twice: the proxy keeps what is private." if kept else ""


def clocks_agree(wire: Wire, echo: Answer) -> str:
    try:
        there = parsedate_to_datetime(echo.header("Date"))
    except ValueError:
        raise SkippedError("No answer tells the time.") from None
    skew = (datetime.now(UTC) - there).total_seconds()
    return f"The clocks differ by {abs(skew):.0f} seconds." if abs(skew) > _SKEW else ""


def _refusal(wire: Wire) -> Answer:
    return wire.ask(f"{ECHO}?answer=refusal")
