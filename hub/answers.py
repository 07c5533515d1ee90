"""What every answer with a file says, whichever process gives it. No Django here."""

from __future__ import annotations

from urllib.parse import quote

COMMIT = "X-Repo-Commit"


def file_answer(*, commit: str, etag: str, size: int, name: str) -> dict[str, str]:
    """Give the headers that the clients read. A file is never shown in the page of the browser."""
    quoted = f'"{etag}"'
    return {
        COMMIT: commit,
        "ETag": quoted,
        "X-Linked-ETag": quoted,
        "X-Linked-Size": str(size),
        "Accept-Ranges": "bytes",
        "Content-Type": "application/octet-stream",
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(name, safe='')}",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Cache-Control": "private, no-cache, no-transform",  # no-transform: a front must not gzip
        "Vary": "Authorization, Cookie",
    }
