"""The stand-in as a process of its own: says where it is, serves until it is ended."""

from __future__ import annotations

import argparse
import json
import sys
import threading
from pathlib import Path
from typing import Any

from tests.standins.hub.server import start
from tests.standins.hub.state import STATE


def main() -> None:
    parser = argparse.ArgumentParser(prog="tests.standins.hub")
    parser.add_argument("root")
    parser.add_argument("--port", type=int, default=18100)
    parser.add_argument("--cdn-port", type=int, default=18101)
    parser.add_argument("--tokens")
    parser.add_argument("--config")
    parser.add_argument("--cdn-host", default="localhost")
    words = parser.parse_args()
    hub, cdn, stop = start(
        words.root,
        words.port,
        words.cdn_port,
        tokens=_document(words.tokens),
        config=_document(words.config),
        cdn_host=words.cdn_host,
    )
    sys.stdout.write(f"hub {hub}  cdn {cdn}  repos {len(STATE.repos)}\n")
    sys.stdout.flush()
    try:
        threading.Event().wait()
    except KeyboardInterrupt:
        stop()


def _document(place: str | None) -> Any:
    return json.loads(Path(place).read_bytes()) if place else None


if __name__ == "__main__":
    main()
