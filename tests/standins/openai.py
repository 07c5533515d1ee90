"""A scripted provider that speaks OpenAI's chat completions on loopback, with its faults."""

from __future__ import annotations

import gzip
import json
import socket
import struct
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

PATH = "/v1/chat/completions"


@dataclass
class Turn:
    """One answer. `content` is what the model says: text as it is, all else as JSON.

    A callable makes it from the request. `fault` is one of reset, hang, drip (headers that never
    end), cut, packed; `body` is sent as it is in place of a completion.
    """

    content: object = ""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    param: str | None = None
    finish_reason: str = "stop"
    refusal: str | None = None
    usage: tuple[int, int] | None = (120, 40)
    model: str = "stand-in-2026"
    fault: str = ""
    body: bytes | None = None

    def answer(self, request: dict[str, Any]) -> bytes:
        if self.body is not None:
            return self.body
        if self.status != 200:
            told = f"Incorrect API key provided: {request.get('authorization', '')}"
            return json.dumps({"error": {"message": told, "param": self.param}}).encode()
        content = self.content(request) if callable(self.content) else self.content
        text = content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)
        message = {"role": "assistant", "content": text, "refusal": self.refusal}
        choice = {"index": 0, "message": message, "finish_reason": self.finish_reason}
        whole: dict[str, Any] = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": self.model,
            "choices": [choice],
        }
        if self.usage is not None:
            prompt, completion = self.usage
            whole["usage"] = {"prompt_tokens": prompt, "completion_tokens": completion}
            whole["usage"]["total_tokens"] = prompt + completion
        return json.dumps(whole).encode()


@dataclass
class Asked:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: dict[str, Any]

    @property
    def system(self) -> str:
        return self.body["messages"][0]["content"]

    @property
    def material(self) -> str:
        return self.body["messages"][1]["content"]


class Provider:
    """The running server; turns are taken one by one, the last one again and again."""

    def __init__(self, turns: Sequence[Turn | Callable[[dict[str, Any]], object]]) -> None:
        self.turns = [one if isinstance(one, Turn) else Turn(one) for one in turns]
        self.asked: list[Asked] = []
        self.released = threading.Event()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.provider = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    def __enter__(self) -> Provider:
        self._thread.start()
        return self

    def __exit__(self, *exc: object) -> None:
        self.released.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_address[1]}/v1"

    def next_turn(self, asked: Asked) -> Turn:
        self.asked.append(asked)
        return self.turns[min(len(self.asked), len(self.turns)) - 1]


class _Server(ThreadingHTTPServer):
    provider: Provider
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, *args: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        headers = {name.lower(): value for name, value in self.headers.items()}
        turn = self.server.provider.next_turn(Asked(self.path, headers, body))
        told = {**body, "authorization": headers.get("authorization", "")}
        faults = {"reset": self._reset, "hang": self._hang, "drip": self._drip}
        if act := faults.get(turn.fault):
            self.close_connection = True
            act()
        else:
            self._send(turn if self.path == PATH else Turn(status=404), told)

    def _reset(self) -> None:
        linger = struct.pack("ii", 1, 0)
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
        self.connection.close()

    def _hang(self) -> None:
        self.server.provider.released.wait(60)

    def _drip(self) -> None:
        """Send one header after the other, each in time, and never the end."""
        self.wfile.write(b"HTTP/1.1 200 OK\r\n")
        while not self.server.provider.released.wait(0.05):
            self.wfile.write(b"X-Wait: a little\r\n")

    def _send(self, turn: Turn, told: dict[str, Any]) -> None:
        body, headers = turn.answer(told), {"Content-Type": "application/json", **turn.headers}
        if turn.fault == "packed":
            body, headers["Content-Encoding"] = gzip.compress(body), "gzip"
        cut = turn.fault == "cut"
        headers["Content-Length"] = str(len(body) + (100 if cut else 0))
        self.send_response(turn.status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.close_connection = cut
