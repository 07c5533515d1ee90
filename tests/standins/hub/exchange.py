"""One request to the Hub or its CDN, noted in the log, and the ways to answer it."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import socket
import struct
import termios
import time
from contextlib import suppress
from http.server import BaseHTTPRequestHandler
from typing import Any, NoReturn
from urllib.parse import parse_qs, urlencode, urlsplit

from tests.standins.hub.state import STATE

CONTROL = "/__standin__"
JSON = "application/json; charset=utf-8"
TEXT = "text/plain; charset=utf-8"
EXPOSED = (
    "X-Repo-Commit,X-Request-Id,X-Error-Code,X-Error-Message,X-Total-Count,ETag,Link,Accept-Ranges,"
    "Content-Range,X-Linked-Size,X-Linked-ETag,X-Xet-Hash"
)
TRUE = ("true", "1", "")
Headers = dict[str, str]


class Answered(Exception):  # noqa: N818 no error: nothing is left to do for this request
    """The request has its answer, or will never have one."""


class Exchange(BaseHTTPRequestHandler):
    disable_nagle_algorithm = True
    protocol_version = "HTTP/1.1"
    server_version = "standin-hub"
    sys_version = ""
    role = "hub"
    limits: Headers | None = None  # what the rate limit says, sent with every answer
    user: dict[str, Any] | None = None

    def route(self) -> None:
        """Answer the request."""
        raise NotImplementedError

    def do_GET(self) -> None:
        began = time.time()
        self.url = urlsplit(self.path)
        self.query = parse_qs(self.url.query, keep_blank_values=True)
        self.sent = 0
        self.status: int | str | None = None
        length = int(self.headers.get("Content-Length") or 0)
        self.body = self.rfile.read(length) if length else b""
        self.note = self._noted(began)
        try:
            self.route()
        except Answered:
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.close_connection = True
            self.take_back()
        finally:
            taken = round((time.time() - began) * 1000, 1)
            self.note.update(status=self.status, sent=self.sent, ms=taken)

    do_HEAD = do_POST = do_PUT = do_DELETE = do_OPTIONS = do_GET  # noqa: N815 inherited names

    def _noted(self, began: float) -> dict[str, Any]:
        """Note the request before it is answered: who has the answer finds it in the log."""
        note = {
            "t": round(began, 3),
            "srv": self.role,
            "method": self.command,
            "path": self.path,
            "headers": dict(self.headers.items()),
            "body": self.body.decode("latin1")[:400],
            "status": None,
            "sent": 0,
        }
        if not self.url.path.startswith(CONTROL):
            with STATE.lock:
                STATE.log.append(note)
        return note

    # -- what was asked ----------------------------------------------------------------------------

    def first(self, name: str) -> str | None:
        return (self.query.get(name) or [None])[0]

    def flag(self, name: str) -> bool:
        return (self.query.get(name) or ["false"])[0].lower() in TRUE

    def words(self, name: str) -> list[str]:
        """Return all values of `name` and `name[]`, also those joined by commas."""
        values = self.query.get(name, []) + self.query.get(f"{name}[]", [])
        return [word for value in values for word in value.split(",") if word]

    def page(self, items: list[Any], size: int) -> tuple[list[Any], Headers]:
        """Return the page that the cursor names, and the header that leads to the next one."""
        cursor = (self.query.get("cursor") or ["MA=="])[0]
        start = int(base64.urlsafe_b64decode(cursor).decode() or 0)
        end = start + size
        if end >= len(items):
            return items[start:end], {}
        query = [(name, v) for name, vs in self.query.items() if name != "cursor" for v in vs]
        query.append(("cursor", base64.urlsafe_b64encode(str(end).encode()).decode()))
        here = f"http://{self.headers.get('Host')}{self.url.path}"
        return items[start:end], {"Link": f'<{here}?{urlencode(query)}>; rel="next"'}

    # -- what is answered --------------------------------------------------------------------------

    def send(
        self,
        status: int,
        body: bytes | str | dict[str, Any] | list[Any] = b"",
        headers: Headers | None = None,
        kind: str = JSON,
    ) -> None:
        content = _encoded(body)
        self.send_head(
            status,
            {
                "Content-Type": kind,
                "Content-Length": str(len(content)),
                "X-Request-Id": "Root=1-" + os.urandom(8).hex(),
                "Access-Control-Expose-Headers": EXPOSED,
                **({"X-Yard": STATE.faults["yard"]} if STATE.faults["yard"] else {}),
                **(self.limits or {}),
                **(headers or {}),
            },
        )
        if self.command != "HEAD":
            self.wfile.write(content)
            self.sent += len(content)

    def send_head(self, status: int, headers: Headers) -> None:
        self.status = self.note["status"] = status
        self.send_response(status)
        for name, value in headers.items():
            for one in value if isinstance(value, list) else [value]:
                self.send_header(name, one)
        self.end_headers()

    def refuse(self, status: int, code: str | None, message: str, *, commit: str = "") -> NoReturn:
        """Answer with an error as the Hub words it; nothing more is done for this request."""
        headers = {"X-Error-Message": message}
        if code:
            headers["X-Error-Code"] = code
        if status == 401:
            headers["WWW-Authenticate"] = 'Bearer realm="Authentication required", charset="UTF-8"'
        if commit:
            headers["X-Repo-Commit"] = commit
        if "/resolve/" in self.url.path:
            self.send(status, message, headers, TEXT)
        else:
            self.send(status, {"error": message}, headers)
        raise Answered

    def take_back(self) -> None:
        """Count as sent only what left this machine: the rest is dropped with the connection."""
        with suppress(OSError):
            told = fcntl.ioctl(self.connection.fileno(), termios.TIOCOUTQ, bytes(4))
            self.sent = max(0, self.sent - struct.unpack("i", told)[0])

    def reset(self) -> None:
        """End the connection as a machine does that lost it: TCP RST."""
        self.take_back()
        self.status = self.note["status"] = self.status or "RST"
        self.close_connection = True
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        with suppress(OSError):
            self.wfile.flush()
        os.close(self.connection.detach())
        self.wfile._sock = None

    def finish(self) -> None:
        with suppress(OSError, ValueError, AttributeError):  # reset, by us or by the client
            super().finish()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is inherited
        """Keep the test's output clean."""


def _encoded(body: bytes | str | dict[str, Any] | list[Any]) -> bytes:
    if isinstance(body, dict | list):
        return json.dumps(body, ensure_ascii=False).encode()
    return body.encode() if isinstance(body, str) else body
