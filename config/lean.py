"""Import this first in a process that runs all day: it keeps out what nobody here looks at.

structlog loads `rich` wherever it is installed, to draw tracebacks for a terminal: 3 MB in each
process, for a drawing that ends in a log file. redis looks whether `cryptography` is there, which
loads all of it: 7 MB, for a check of certificates (OCSP) that no setting of ours turns on.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without(*names: str) -> Iterator[None]:
    """Let what is imported in here believe that these are not installed; others still get them."""
    hidden = [name for name in names if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type]  # None: an ImportError
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]


sys.modules.setdefault("rich", None)  # type: ignore[arg-type]
with without("cryptography"):
    import redis  # noqa: F401
