"""The web server and the front as a yard runs them, on the database and the store of a test."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

from django.conf import settings
from django.db import connection

from config.settings.env import BASE_DIR
from config.yard.services import wait_until
from tests.hub.oci.ollama import ask
from tests.services.ports import free_ports

PATIENCE = 120.0


@contextmanager
def running_server(folder: Path, **more: str) -> Iterator[str]:
    """Start both; give the address. The names localhost and 127.0.0.1 lead to the same place."""
    port, inner = free_ports(2)
    base = f"http://localhost:{port}"
    environ = {**os.environ, **_settings(folder, port), **more}
    granian = [sys.executable, "-m", "granian", "--interface", "wsgi", "--http", "1", "--no-ws"]
    granian += ["--host", "127.0.0.1", "--port", str(inner), "--blocking-threads", "4"]
    granian += ["--log-level", "warning", "config.wsgi:application"]
    caddy = [str(Path(sys.executable).with_name("caddy")), "run", "--adapter", "caddyfile"]
    caddy += ["--config", str(BASE_DIR / "config/Caddyfile")]
    environ["WEB_UPSTREAM"] = f"127.0.0.1:{inner}"
    with (folder / "log").open("wb") as log:
        started = [
            subprocess.Popen(words, cwd=BASE_DIR, env=environ, stdout=log, stderr=log)
            for words in (granian, caddy)
        ]
        try:
            assert wait_until(lambda: _answers(base), seconds=PATIENCE), (
                folder / "log"
            ).read_text()
            yield base
        finally:
            for process in reversed(started):
                process.terminate()
            for process in started:
                process.wait(timeout=PATIENCE)


def _settings(folder: Path, port: int) -> dict[str, str]:
    database = urlsplit(os.environ["DATABASE_URL"])
    return {
        "DATABASE_URL": database._replace(path=f"/{connection.settings_dict['NAME']}").geturl(),
        "SECRET_KEY": settings.SECRET_KEY,
        "STATE_DIR": str(folder / "state"),
        "STORE_DIR": str(settings.STORE_DIR),
        "STATIC_ROOT": str(folder),
        "XDG_DATA_HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder),
        "APP_PORT": str(port),
        "FRONT_BIND": "127.0.0.1",
        "PUBLIC_URL": f"http://localhost:{port}",
        "BYTES_BY": "front",
        "ALLOWED_HOSTS": "localhost",  # and, by itself, the name of the bytes
        "BYTES_HOST": "127.0.0.1",
        "TRUST_FRONT": "true",
    }


def _answers(base: str) -> bool:
    try:
        return ask("GET", f"{base}/health").status == 200
    except OSError:
        return False
