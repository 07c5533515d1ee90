"""The pages, and writing them."""

from __future__ import annotations

from pathlib import Path

from config.reference import errors, openapi, settings
from config.settings.env import BASE_DIR

PAGES = {"settings.md": settings.page, "errors.md": errors.page, "openapi.yaml": openapi.page}


def write(folder: Path = BASE_DIR / "docs") -> list[Path]:
    """Write every page; give those whose text changed."""
    changed = []
    for name, page in PAGES.items():
        path, text = folder / name, page()
        if not path.exists() or path.read_text() != text:
            path.write_text(text)
            changed.append(path)
    return changed
