"""The clients of these tests: the newest from where the tests run, or three generations.

`make test` runs the newest alone, as it is installed beside the yard. `make test-clients` makes an
environment below var/clients for each lock in requirements-clients/ and runs all of them there.
"""

from __future__ import annotations

import os
import subprocess
import sys

from config import clients
from config.settings.env import BASE_DIR

ENVIRONMENTS = BASE_DIR / "var" / "clients"
NEWEST = "newest"
ALL_ARE_TRIED = bool(os.environ.get("RUN_CLIENTS"))
CLIENTS = clients.CLIENTS if ALL_ARE_TRIED else (NEWEST,)


def python_of(client: str) -> str:
    """Give the Python of a client; an environment whose lock changed is made anew."""
    return sys.executable if client == NEWEST else clients.python_of(client, ENVIRONMENTS)


def has(client: str, module: str) -> bool:
    """Tell whether this client has what is in no lock because it is large: torch and its like."""
    asked = f"import importlib.util as u, sys; sys.exit(u.find_spec({module!r}) is None)"
    return subprocess.run([python_of(client), "-c", asked], check=False).returncode == 0
