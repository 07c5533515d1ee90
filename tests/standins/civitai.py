"""A CivitAI of the test's own: its REST API, downloads signed for another host, and its faults."""

from __future__ import annotations

import hashlib
import json
import re
import socket
import struct
import threading
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.standins.files import FileServer, Served

TOKEN = "c" * 32
STRANGER = "s" * 32
HTML = b"<!DOCTYPE html><html><body><h1>Just a moment...</h1></body></html>"
LOGIN_WORDS = "The creator of this asset requires you to be logged in to download it"
DISABLED_WORDS = "The creator of this asset has disabled downloads on this file"
SIGNATURE = "signed-for-this-file"
UPDATED = "2025-12-18T09:16:12.062Z"


@dataclass
class Fault:
    """What is answered in place of the right thing, to paths that `match`, so many times."""

    match: str
    status: int = 500
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    times: int = 1_000_000
    reset: bool = False
    hold: threading.Event | None = None


@dataclass(frozen=True)
class Asked:
    path: str
    headers: dict[str, str]


def file_row(file_id: int, name: str, data: bytes, **words: Any) -> dict[str, Any]:
    """One entry of `files`; the size is bytes / 1024 as a double, which is what the API gives."""
    digest = hashlib.sha256(data).hexdigest().upper()
    return {
        "id": file_id,
        "name": name,
        "type": "Model",
        "sizeKB": len(data) / 1024,
        "metadata": {"format": "SafeTensor", "size": "pruned", "fp": "fp16"},
        "pickleScanResult": "Success",
        "virusScanResult": "Success",
        "hashes": {"AutoV2": digest[:10], "SHA256": digest, "CRC32": "DAEE95B7"},
        "primary": True,
        **words,
    }


def image_row(number: int, **words: Any) -> dict[str, Any]:
    meta = {"steps": 30, "sampler": "Euler a", "cfgScale": 5, "Size": "832x1216", "clipSkip": 2}
    return {
        "url": f"https://image.civitai.com/x/{number}.jpeg",
        "width": 832,
        "height": 1216,
        "nsfwLevel": 1,
        "type": "image",
        "meta": {**meta, "prompt": "a boat <lora:boats:0.8>"},
        **words,
    }


class Civitai:
    """Models and versions by their numbers, what may be read by whom, and what goes wrong."""

    def __init__(self) -> None:
        self.models: dict[int, dict[str, Any]] = {}
        self.versions: dict[int, dict[str, Any]] = {}
        self.bytes: dict[int, bytes] = {}
        self.login: set[int] = set()
        self.closed: set[int] = set()
        self.early: dict[int, str] = {}
        self.faults: list[Fault] = []
        self.log: list[Asked] = []
        self.lock = threading.Lock()
        self.files = FileServer()
        self._server = _Server(("127.0.0.1", 0), _Handler)
        self._server.stand_in = self
        self._thread = threading.Thread(
            target=self._server.serve_forever, args=(0.02,), daemon=True
        )

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    @property
    def file_origin(self) -> str:
        """The other host that bytes come from, as settings name it."""
        return f"localhost:{self.files.base.rpartition(':')[2]}"

    def model(self, model_id: int, **words: Any) -> dict[str, Any]:
        """Add a model; rights, marks and the like are those of most."""
        self.models[model_id] = {
            "id": model_id,
            "name": "Paper boats",
            "type": "LORA",
            "description": "<p>Boats of <b>paper</b>.</p><script>alert(1)</script>",
            "nsfw": False,
            "poi": False,
            "minor": False,
            "allowNoCredit": True,
            "allowCommercialUse": "{RentCivit,Image}",
            "allowDerivatives": False,
            "allowDifferentLicense": False,
            "mode": None,
            "tags": ["boats", "style"],
            "creator": {"username": "harbour"},
            "stats": {"downloadCount": 70, "thumbsUpCount": 7},
            **words,
        }
        return self.models[model_id]

    def version(
        self, model_id: int, version_id: int, files: dict[str, bytes], **words: Any
    ) -> dict[str, Any]:
        """Add a version with these files, as the newest of its model."""
        rows = []
        for place, (name, data) in enumerate(files.items()):
            file_id = version_id * 10 + place
            self.bytes[file_id] = data
            row = file_row(file_id, name, data, primary=place == 0)
            row["downloadUrl"] = f"https://civitai.com/api/download/models/{version_id}"
            if place:
                row["downloadUrl"] += f"?type=Model&format=SafeTensor&size=n{place}&token=leak"
            rows.append(row)
        self.versions[version_id] = {
            "id": version_id,
            "modelId": model_id,
            "name": f"v{version_id}",
            "description": None,
            "baseModel": "SDXL 1.0",
            "status": "Published",
            "availability": "Public",
            "nsfwLevel": 1,
            "createdAt": "2025-12-18T08:55:00.000Z",
            "updatedAt": UPDATED,
            "publishedAt": UPDATED,
            "trainedWords": ["ppr boat"],
            "stats": {"downloadCount": 40, "thumbsUpCount": 4},
            "files": rows,
            "images": [image_row(1)],
            **words,
        }
        return self.versions[version_id]

    def replace(self, version_id: int, data: bytes) -> None:
        """Let the creator put another file in the place of the first; every number stays."""
        row = self.versions[version_id]["files"][0]
        fresh = file_row(row["id"], row["name"], data)
        row |= {name: fresh[name] for name in ("sizeKB", "hashes")}
        self.bytes[row["id"]] = data

    def asked(self, start: str = "") -> list[str]:
        with self.lock:
            return [one.path for one in self.log if one.path.startswith(start)]

    def __enter__(self) -> Civitai:
        self._thread.start()
        self.files.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        for fault in self.faults:
            if fault.hold:
                fault.hold.set()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()
        self.files.__exit__(None, None, None)


class _Server(ThreadingHTTPServer):
    stand_in: Civitai
    daemon_threads = True

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the play."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: _Server
    disable_nagle_algorithm = True

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 the name is inherited
        """Keep the test's output clean."""

    def do_GET(self) -> None:
        stand_in = self.server.stand_in
        with stand_in.lock:
            headers = {name.lower(): value for name, value in self.headers.items()}
            stand_in.log.append(Asked(self.path, headers))
            fault = next((f for f in stand_in.faults if re.search(f.match, self.path)), None)
            if fault is not None:
                fault.times -= 1
                stand_in.faults = [one for one in stand_in.faults if one.times > 0]
        if fault is not None:
            self._fail(fault)
        elif found := re.fullmatch(r"/api/v1/(models|model-versions)/(\d+)", self.path):
            self._object(found[1], int(found[2]))
        elif found := re.fullmatch(r"/api/download/models/(\d+)(?:\?.*)?", self.path):
            self._download(int(found[1]))
        elif self.path.startswith("/api/v1/models?"):
            self._search(parse_qs(urlsplit(self.path).query))
        else:
            self._send(404, HTML, {"Content-Type": "text/html"})

    def _fail(self, fault: Fault) -> None:
        if fault.hold:
            fault.hold.wait(30)
        if fault.reset:
            linger = struct.pack("ii", 1, 0)
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
            self.close_connection = True
            self.connection.close()
            return
        self._send(fault.status, fault.body, fault.headers)

    def _object(self, kind: str, number: int) -> None:
        stand_in = self.server.stand_in
        rows = stand_in.models if kind == "models" else stand_in.versions
        if number not in rows:
            self._json(404, {"error": f"No model with id {number}"})
            return
        row = dict(rows[number])
        if kind == "models":
            own = [one for one in stand_in.versions.values() if one["modelId"] == number]
            row.setdefault("modelVersions", sorted(own, key=lambda one: -one["id"]))
        self._json(200, row)

    def _download(self, version_id: int) -> None:
        stand_in = self.server.stand_in
        refused = self._refusal(version_id)
        if refused:
            self._json(*refused)
            return
        asked = parse_qs(urlsplit(self.path).query)
        place = int(asked.get("size", ["n0"])[0][1:])
        row = stand_in.versions[version_id]["files"][place]
        path = f"/{row['id']}/model"
        stand_in.files.files.setdefault(path, Served(b"", signature=SIGNATURE))
        stand_in.files.files[path].data = stand_in.bytes[row["id"]]
        now = datetime.now(UTC).strftime("%Y%m%dT%H%M%SZ")
        query = f"X-Amz-Date={now}&X-Amz-Expires=3600&sig={SIGNATURE}"
        where = f"http://{stand_in.file_origin}{path}?{query}"
        self._send(307, b"", {"Location": where})

    def _refusal(self, version_id: int) -> tuple[int, dict[str, Any]] | None:
        stand_in, known = self.server.stand_in, f"Bearer {TOKEN}"
        is_member = self.headers.get("Authorization") == known
        if version_id not in stand_in.versions:
            return 404, {"error": "File not found"}
        if version_id in stand_in.closed:
            return 401, {"error": "Unauthorized", "message": DISABLED_WORDS}
        if version_id in stand_in.login | set(stand_in.early) and not is_member:
            return 401, {"error": "Unauthorized", "message": LOGIN_WORDS}
        if version_id in stand_in.early:
            words = {"deadline": stand_in.early[version_id], "message": "Use Buzz"}
            return 403, {"error": "Early Access", **words}
        return None

    def _search(self, asked: dict[str, list[str]]) -> None:
        words, limit = asked["query"][0].lower(), int(asked["limit"][0])
        rows = [row for row in self.server.stand_in.models.values() if words in row["name"].lower()]
        start = int(asked.get("cursor", ["0"])[0])
        told = {"nextCursor": str(start + limit)} if start + limit < len(rows) else {}
        self._json(200, {"items": rows[start : start + limit], "metadata": told})

    def _json(self, status: int, body: object) -> None:
        self._send(status, json.dumps(body).encode(), {"Content-Type": "application/json"})

    def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
