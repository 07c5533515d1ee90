"""A file server with every fault we met: resets, early ends, expiring addresses, odd ranges."""

from __future__ import annotations

import re
import socket
import struct
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, urlsplit

BLOCK = 64 << 10


@dataclass
class Served:
    """One file and how it misbehaves; counts go down as faults are shown."""

    data: bytes
    ranges: bool = True
    reset_after: int = 0
    end_after: int = 0
    faults: int = 0  # how many answers are cut by reset_after or end_after
    statuses: list[int] = field(default_factory=list)  # answered first, one each
    headers: dict[str, str] = field(default_factory=dict)  # sent with those statuses
    rate: int = 0  # bytes per second of one connection
    redirect: str = ""
    signature: str = ""  # only addresses with ?sig=<this> are served; others get 403
    announce: int | None = None  # a false Content-Length and total
    chunked: bool = False  # no length, the end of the connection ends the body
    hold: threading.Event | None = None  # waits for this after the first block


@dataclass(frozen=True)
class Seen:
    path: str
    headers: dict[str, str]


class FileServer:
    """Serve `files` by path on loopback and remember what was asked."""

    def __init__(self) -> None:
        self.files: dict[str, Served] = {}
        self.seen: list[Seen] = []
        self.sent: Counter[str] = Counter()
        self.lock = threading.Lock()
        self.closing = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def add(self, path: str, served: Served) -> str:
        self.files[path] = served
        return self.base + path

    def requests(self, path: str) -> list[Seen]:
        with self.lock:
            return [seen for seen in self.seen if seen.path == path]

    def __enter__(self) -> FileServer:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.closing.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    stand_in: FileServer
    daemon_threads = True
    request_queue_size = 64

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True  # head and body are two writes; 40 ms lie between them

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is inherited
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        stand_in, parts = self.server.stand_in, urlsplit(self.path)
        with stand_in.lock:
            stand_in.seen.append(Seen(parts.path, {k.lower(): v for k, v in self.headers.items()}))
            served = stand_in.files.get(parts.path)
            status = self._early_status(served, parse_qs(parts.query))
        if status:
            self._answer_empty(status, served)
        elif served and served.redirect:
            self.send_response(302)
            self.send_header("Location", served.redirect)
            self.send_header("Content-Length", "0")
            self.end_headers()
        elif served:
            self._send_file(parts.path, served)

    @staticmethod
    def _early_status(served: Served | None, query: dict[str, list[str]]) -> int:
        if served is None:
            return 404
        if served.statuses:
            return served.statuses.pop(0)
        if served.signature and query.get("sig") != [served.signature]:
            return 403
        return 0

    def _answer_empty(self, status: int, served: Served | None) -> None:
        self.send_response(status)
        for name, value in (served.headers if served else {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, path: str, served: Served) -> None:
        total = len(served.data) if served.announce is None else served.announce
        first, last, partial = self._range(served)
        if partial and first >= len(served.data):
            self.send_response(416)
            self.send_header("Content-Range", f"bytes */{total}")
            self.send_header("Content-Length", "0")
            self.end_headers()
            return
        self.send_response(206 if partial else 200)
        if partial:
            self.send_header("Content-Range", f"bytes {first}-{last}/{total}")
        if served.ranges:
            self.send_header("Accept-Ranges", "bytes")
        if served.chunked:
            self.send_header("Connection", "close")
            self.close_connection = True
        else:
            self.send_header("Content-Length", str(total if not partial else last - first + 1))
        self.end_headers()
        self._send_body(path, served, served.data[first : last + 1])

    def _range(self, served: Served) -> tuple[int, int, bool]:
        end = len(served.data) - 1
        match = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        if not match or not served.ranges:
            return 0, end, False
        return int(match[1]), min(end, int(match[2]) if match[2] else end), True

    def _send_body(self, path: str, served: Served, body: bytes) -> None:
        limit = self._limit(served)
        start, sent = time.monotonic(), 0
        while sent < len(body) and not self.server.stand_in.closing.is_set():
            if limit is not None and sent >= limit:
                self._cut(reset=bool(served.reset_after))
                return
            end = sent + BLOCK if limit is None else min(sent + BLOCK, limit)
            block = body[sent:end]
            self.wfile.write(block)
            sent += len(block)
            with self.server.stand_in.lock:
                self.server.stand_in.sent[path] += len(block)
            if served.hold is not None:
                served.hold.wait(60)
            if served.rate:
                time.sleep(max(0.0, sent / served.rate - (time.monotonic() - start)))

    def _limit(self, served: Served) -> int | None:
        with self.server.stand_in.lock:
            if served.faults <= 0:
                return None
            served.faults -= 1
            return served.reset_after or served.end_after

    def _cut(self, *, reset: bool) -> None:
        self.close_connection = True
        if reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.connection.close()
        else:
            self.connection.shutdown(socket.SHUT_RDWR)
