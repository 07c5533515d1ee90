"""The faults and habits that a stand-in can be given, and what they are unless it is told."""

from __future__ import annotations

from typing import Any

DEFAULTS: dict[str, Any] = {
    "page_size": 1000,
    "expand_page_size": 50,
    "list_page_size": 1000,
    "commits_page_size": 50,
    "resolve_cache": True,  # files outside LFS answer 307 -> /api/resolve-cache/... as the Hub does
    "siblings": None,  # the files that come with a model; None: those that are there
    "cdn": True,  # LFS files answer 302 -> other origin (signed URL)
    "cdn_ttl": 3600,
    "gzip_text": False,
    "no_range": False,
    "no_etag": False,
    "no_linked_size": False,
    "xet": False,  # advertise Xet on LFS files (the CAS behind it is not implemented)
    "xet_only": False,  # with xet: plain GET of an LFS file answers 403 on the CDN
    # {"after": 20, "window": 300, "reset": 2, "style": "ratelimit|retry-after|none",
    #  "status": 429, "recover": true, "only": "regex"}
    "rate_limit": None,
    "reset_after_bytes": None,  # mid-transfer TCP RST
    "reset_times": 0,
    "reset_glob": "*",
    "short_after_bytes": None,  # clean FIN before Content-Length is reached
    "short_times": 0,
    # {"glob": "flip" | "zeros" | "append" | "truncate" | "swap:otherfile"}: bytes served, metadata
    # unchanged
    "corrupt": {},
    "corrupt_times": None,  # so many answers a file, of those with its middle byte; None: all
    "slow_bps": None,
    "slow_glob": "*",
    "hold_after_bytes": None,  # an answer goes no further until this is None again
    "hold_glob": "*",
    "first_byte_delay": 0,
    "head_delay": 0,
    # [{"match": "regex on 'METHOD path'", "status": 503, "times": 2, "headers": {}, "body": "",
    #   "skip": 0}]; "drop": true resets, "hold": true answers when the rule is gone
    "inject": [],
    # Not verified what huggingface.co does today (hub issue #1579): test both.
    "gated_readme_public": False,
    "api_etag": True,  # metadata answers carry a weak ETag and heed If-None-Match
    # What a yard says of itself in X-Yard; "" where this is none, as huggingface.co.
    "yard": "",
    # {"status": 200, "body": "...", "headers": {}}: what a yard answers who asks for papers; None:
    # it has none. Made by tests/standins/papers.py, sound or with a fault.
    "papers": None,
    # huggingface.co: an unknown repository without token is 401, with a valid token 404.
    "anon_missing_401": True,
}
