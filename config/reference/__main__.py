"""`python -m config.reference`: write docs/settings.md and docs/errors.md."""

from __future__ import annotations

import sys

from config.reference.pages import write

for path in write():
    sys.stdout.write(f"written: {path.name}\n")
