"""The bytes of a file: whole or a range, and every way in which they can arrive wrong."""

from __future__ import annotations

import fnmatch
import gzip
import io
import re
import time
from pathlib import Path
from typing import BinaryIO, NamedTuple

from tests.standins.hub.exchange import Exchange, Headers
from tests.standins.hub.git import File
from tests.standins.hub.state import STATE

BLOCK = 64 << 10


class Part(NamedTuple):
    """The bytes from `first` to `last`, both included, and the status they are sent with."""

    first: int
    last: int
    status: int

    @property
    def length(self) -> int:
        return max(self.last - self.first + 1, 0)


class Pace(NamedTuple):
    """How a body flows: bytes a second, and after how many it breaks off, cleanly or by a reset."""

    rate: int | None
    limit: int | None
    reset: bool


def serve(exchange: Exchange, file: File, headers: Headers) -> None:
    """Send a file or the range asked for, with the faults that are set."""
    data = _corrupted(exchange, file)
    size = file.size if data is None else len(data)
    etag = headers.get("ETag", "")
    if etag and etag in (exchange.headers.get("If-None-Match") or ""):
        exchange.send(304, b"", headers)
        return
    part = _part(exchange, size, etag)
    if part.status == 416:
        exchange.send(416, b"", {**headers, "Content-Range": f"bytes */{size}"})
        return
    head = _head(headers, part, size)
    if _is_zipped(exchange, file, part):
        _send_zipped(exchange, data if data is not None else file.disk.read_bytes(), head)
        return
    exchange.send_head(part.status, {**(exchange.limits or {}), **head})
    if exchange.command != "HEAD":
        _send_body(exchange, file, data, part)


def _part(exchange: Exchange, size: int, etag: str) -> Part:
    whole = Part(0, size - 1, 200)
    asked, only_if = exchange.headers.get("Range"), exchange.headers.get("If-Range")
    if not asked or STATE.faults["no_range"] or (only_if and only_if != etag):
        return whole
    words = re.fullmatch(r"\s*bytes=(\d*)-(\d*)\s*", asked)
    if not words or not (words[1] or words[2]):
        return whole
    first, last = max(size - int(words[2] or 0), 0), size - 1
    if words[1]:
        first, last = int(words[1]), min(int(words[2] or last), last)
    return Part(first, last, 416 if first >= size or first > last else 206)


def _head(headers: Headers, part: Part, size: int) -> Headers:
    head = {**headers, "Content-Length": str(part.length)}
    head.setdefault("Content-Type", "application/octet-stream")
    if not STATE.faults["no_range"]:
        head["Accept-Ranges"] = "bytes"
    if part.status == 206:
        head["Content-Range"] = f"bytes {part.first}-{part.last}/{size}"
    return head


def _is_zipped(exchange: Exchange, file: File, part: Part) -> bool:
    wanted = "gzip" in (exchange.headers.get("Accept-Encoding") or "")
    whole = part.status == 200 and exchange.command == "GET"
    return bool(STATE.faults["gzip_text"] and not file.lfs and whole and wanted)


def _send_zipped(exchange: Exchange, data: bytes, head: Headers) -> None:
    body = gzip.compress(data)
    head.pop("Accept-Ranges", None)
    zipped = {"Content-Encoding": "gzip", "Content-Length": str(len(body))}
    exchange.send(200, body, {**head, **zipped}, head["Content-Type"])


def _send_body(exchange: Exchange, file: File, data: bytes | None, part: Part) -> None:
    pace = _pace(file)
    if STATE.faults["first_byte_delay"]:
        time.sleep(STATE.faults["first_byte_delay"])
    with io.BytesIO(data) if data is not None else file.disk.open("rb") as body:
        body.seek(part.first)
        _pour(exchange, file, body, part.last - part.first + 1, pace)


def _pace(file: File) -> Pace:
    """Return how this answer flows; a break is counted when it is decided."""
    faults, counters = STATE.faults, STATE.counters
    rate = faults["slow_bps"] if fnmatch.fnmatch(file.path, faults["slow_glob"]) else None
    if not fnmatch.fnmatch(file.path, faults["reset_glob"]):
        return Pace(rate, None, reset=False)
    with STATE.lock:
        for name, seen in (("reset", counters.resets), ("short", counters.shorts)):
            after = faults[f"{name}_after_bytes"]
            if after is not None and seen[file.path] < faults[f"{name}_times"]:
                seen[file.path] += 1
                return Pace(rate, after, reset=name == "reset")
    return Pace(rate, None, reset=False)


def _pour(exchange: Exchange, file: File, body: BinaryIO, left: int, pace: Pace) -> None:
    step = max(1, min(BLOCK, pace.rate // 10)) if pace.rate else BLOCK
    while left > 0:
        while _is_held(exchange, file):
            time.sleep(0.05)
        size = min(step, left)
        if pace.limit is not None:
            size = min(size, max(pace.limit - exchange.sent, 0))
        if size == 0:
            _break_off(exchange, reset=pace.reset)
            return
        block = body.read(size)
        exchange.wfile.write(block)
        exchange.sent += len(block)
        left -= len(block)
        if pace.rate:
            time.sleep(len(block) / pace.rate)


def _is_held(exchange: Exchange, file: File) -> bool:
    after = STATE.faults["hold_after_bytes"]
    reached = after is not None and exchange.sent >= after
    return reached and fnmatch.fnmatch(file.path, STATE.faults["hold_glob"])


def _break_off(exchange: Exchange, *, reset: bool) -> None:
    exchange.close_connection = True
    if reset:
        exchange.wfile.flush()
        time.sleep(0.05)
        exchange.reset()


def _corrupted(exchange: Exchange, file: File) -> bytes | None:
    """Return the bytes to send instead of the file's own, if it is to arrive wrong."""
    data = None
    for glob, how in STATE.faults["corrupt"].items():
        if fnmatch.fnmatch(file.path, glob) and _may_corrupt(exchange, file):
            data = corrupt(file.disk.read_bytes(), how)
    return data


def _may_corrupt(exchange: Exchange, file: File) -> bool:
    times = STATE.faults["corrupt_times"]
    if times is None:
        return True
    asked = re.fullmatch(r"\s*bytes=(\d+)-(\d*)\s*", exchange.headers.get("Range") or "")
    first, last = (int(asked[1]), int(asked[2] or file.size)) if asked else (0, file.size)
    with STATE.lock:
        done = STATE.counters.corrupted[file.path]
        has_middle = exchange.command == "GET" and first <= file.size // 2 <= last
        if not has_middle or done >= times:
            return False
        STATE.counters.corrupted[file.path] += 1
        return True


def corrupt(data: bytes, how: str) -> bytes:
    middle = len(data) // 2
    if how == "flip":
        return data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
    if how.startswith("swap:"):
        return Path(how[5:]).read_bytes()
    whole = {"zeros": bytes(len(data)), "append": data + b"\0EXTRA", "truncate": data[:middle]}
    return whole.get(how, data)
