"""Tokens of known services are never repeated, whatever is quoted of a file."""

from __future__ import annotations

import re
from typing import Final

_TOKENS: Final = re.compile(
    r"hf_[A-Za-z0-9]{8,}|gh[pousr]_\w{8,}|github_pat_\w{8,}|r8_\w{16,}|gsk_\w{16,}|npm_\w{16,}"
    r"|gl(?:pat|dt|rt|cbt|ptt|ft|soat|agent|imt|oas|ffct)-[\w-]{8,}|pypi-[\w-]{16,}|AIza[\w-]{12,}"
    r"|sk-(?=[\w-]{0,40}\d)[\w-]{16,}|[rs]k_live_\w{8,}|SG\.[\w.-]{16,}|xox[a-z]-[\w-]{8,}"
    r"|(?:A3T[A-Z0-9]|ABIA|ACCA|AKIA|ASIA)[0-9A-Z]{8,}|\b\d{8,10}:AA[\w-]{12,}"
    r"|[MNO][\w-]{23,25}\.[\w-]{6}\.[\w-]{8,}|hooks\.slack\.com/services/[\w/-]{8,}"
    r"|AccountKey=[\w+/=]{8,}|PRIVATE KEY-----.+"
    r"|(?i:(?<=bearer )|(?<=password=)|(?<=secret=)|(?<=token=))[\w.~+/=-]{12,}",
    re.DOTALL,
)
_SHOWN: Final = 4


def masked(text: str) -> str:
    """Cut each token down to its first characters: enough to find it, too little to use it."""
    return _TOKENS.sub(lambda found: f"{found[0][:_SHOWN]}…", text)
