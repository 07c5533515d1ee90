"""A small, faithful stand-in for the read side of the Hugging Face Hub, with its CDN and faults.

  python -m tests.standins.hub ROOT [--port 18100] [--cdn-port 18101] [--tokens tokens.json]
                                    [--config faults.json] [--cdn-host localhost]

ROOT/models/<org>/<name>/            files = one commit, or
ROOT/models/<org>/<name>/@commits/0001 title/...   one full tree per commit, oldest first
ROOT/models/<org>/<name>/@repo.json  optional: what git does not know (see description.py)

`datasets/` and `spaces/` work the same way. Blob, tree and commit ids are those of git; LFS files
have real pointers. One stand-in runs in a process; what it knows is in `state.STATE`.
"""

from tests.standins.hub.faults import DEFAULTS
from tests.standins.hub.repositories import load
from tests.standins.hub.server import start
from tests.standins.hub.state import STATE, configure, reset

__all__ = ["DEFAULTS", "STATE", "configure", "load", "reset", "start"]
