"""The two servers of a stand-in, each in a thread."""

from __future__ import annotations

import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.standins.hub.cdn import Cdn
from tests.standins.hub.repositories import load
from tests.standins.hub.routes import Hub
from tests.standins.hub.state import STATE, reset


class Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def shutdown_request(self, request: Any) -> None:
        with suppress(OSError):  # a connection that was reset has nothing left to shut down
            super().shutdown_request(request)

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients that hang up are part of the play."""


def start(
    root: str | Path,
    port: int = 0,
    cdn_port: int = 0,
    *,
    tokens: dict[str, dict[str, Any]] | None = None,
    config: dict[str, Any] | None = None,
    cdn_host: str = "localhost",
) -> tuple[str, str, Callable[[], None]]:
    """Start both servers; return the addresses of Hub and CDN and what stops them.

    The names of their hosts must differ: huggingface_hub 1.x compares these alone, not the ports.
    """
    STATE.root, STATE.cdn_host = Path(root), cdn_host
    load(root)
    STATE.tokens.clear()
    STATE.tokens.update(tokens or {})
    reset(config)
    hub, cdn = Server(("127.0.0.1", port), Hub), Server(("127.0.0.1", cdn_port), Cdn)
    STATE.cdn_port = cdn.server_port
    for server in (hub, cdn):
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()

    def stop() -> None:
        for server in (hub, cdn):
            server.shutdown()
        for server in (hub, cdn):
            server.server_close()

    return f"http://127.0.0.1:{hub.server_port}", f"http://{cdn_host}:{cdn.server_port}", stop
