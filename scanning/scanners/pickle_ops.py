"""Our own reading of pickles: every opcode is followed with inert values, nothing is imported.

Also finds pickles inside torch, numpy, joblib, gzip and tar files. See `_globals_allowed` for what
a pickle may reach; everything else is at least suspicious.
"""

from __future__ import annotations

from pathlib import Path, PurePath

from scanning.scanners._container_rules import CONTAINER_RULES
from scanning.scanners._containers import WALKED, Walk
from scanning.scanners._globals import RULES_VERSION
from scanning.scanners._pickle_rules import PICKLE_RULES
from scanning.scanners._pickle_stream import looks_like_pickle
from scanning.scanners._sniff import (
    PICKLE_SUFFIXES,
    UNREADABLE_ARCHIVES,
    Kind,
    is_beside_graph,
    sniff,
)
from scanning.scanners._tensors.msgpack import looks_like_flax
from scanning.scanners._tensors.ubjson import XGBOOST
from scanning.scanners._tensors.weight_forms import weight_form
from scanning.scanners.base import Canary, Report, Scanner, scanners

_OURS = WALKED | UNREADABLE_ARCHIVES
_OTHERS = frozenset({Kind.SAFETENSORS, Kind.GGUF, Kind.HDF5, Kind.IMAGE, Kind.MEDIA, Kind.TEXT})


@scanners.register
class PickleOps(Scanner):
    """Reports every global a pickle can reach and every call it makes, with the opcode's offset."""

    slug = "pickle_ops"
    title = "Pickle opcodes"
    rules = {**PICKLE_RULES, **CONTAINER_RULES}

    @property
    def engine(self) -> str:
        return f"pickle_ops/{RULES_VERSION}"

    def canary(self) -> Canary:
        return Canary("canary.pkl", b"cos\nsystem\n(S'true'\ntR.")

    def handles(self, path: PurePath, head: bytes) -> bool:
        """By content; a name that loaders unpickle adds what content alone leaves open."""
        kind = sniff(head)
        if kind in _OURS:
            return True
        if kind is Kind.EMPTY:
            return False
        is_others = looks_like_flax(head) or weight_form(head) is not None
        is_others |= head.startswith(XGBOOST)
        is_others |= is_beside_graph(path) and kind is Kind.UNKNOWN
        if is_others and not looks_like_pickle(head, positive=True):
            return False
        if path.suffix.lower() in PICKLE_SUFFIXES:
            return kind is Kind.UNKNOWN or kind is Kind.TEXT or looks_like_pickle(head)
        return looks_like_pickle(head, positive=kind in _OTHERS)

    def scan(self, path: Path, name: PurePath) -> Report:
        walk = Walk(self.options)
        with path.open("rb") as stream:
            walk.examine(stream)
        return walk.report(path.stat().st_size)
