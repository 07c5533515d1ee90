"""Sort a global that a pickle reaches: allowed, unknown, code or dangerous."""

from __future__ import annotations

import _compat_pickle
import re
from enum import Enum
from functools import lru_cache

from scanning.scanners._globals_allowed import is_allowed, is_never_called
from scanning.scanners._globals_dangerous import CODE_BUILDERS, is_dangerous
from scanning.scanners._pickle_values import Global

RULES_VERSION = "2"
_LARGE = "numpy torch pandas scipy sklearn joblib tensorflow keras transformers accelerate"
_LIBRARIES = frozenset(_LARGE.split())
_FUNCTION = re.compile(r"(?!_*(?:rebuild|reconstruct|unpickle|pyx_unpickle|new|from_)_?)_*[a-z]")
_PLAUSIBLE = re.compile(r"[A-Za-z_][\w.]*\Z", re.ASCII)


class Trust(Enum):
    ALLOWED = "allowed"
    UNKNOWN = "unknown"
    CODE = "code"
    DANGEROUS = "dangerous"


@lru_cache(maxsize=4096)
def trust(found: Global) -> Trust:
    """Judge the name as written and as Python 3 maps the names of Python 2; the worse counts."""
    new = modern(found)
    if is_dangerous(found.module, found.name) and not is_allowed(new.module, new.name):
        return Trust.DANGEROUS
    if is_allowed(new.module, new.name):
        return Trust.ALLOWED
    if is_dangerous(new.module, new.name):
        return Trust.DANGEROUS
    return Trust.CODE if (new.module, new.name) in CODE_BUILDERS else Trust.UNKNOWN


def call_trust(found: Global, op_name: str) -> Trust:
    """Judge a call: some classes may be rebuilt by NEWOBJ, yet not constructed.

    The large libraries rebuild their objects by functions that are known by name; any other
    function of theirs in a pickle is there for what it does.
    """
    new = modern(found)
    known = trust(found)
    if known is Trust.ALLOWED:
        is_rebuilt = op_name in {"NEWOBJ", "NEWOBJ_EX"}
        return Trust.UNKNOWN if is_never_called(new.module, new.name) and not is_rebuilt else known
    if known is Trust.UNKNOWN and new.module.partition(".")[0] in _LIBRARIES:
        return Trust.DANGEROUS if _FUNCTION.match(new.name) else known
    return known


def modern(found: Global) -> Global:
    """The name that Python 3 imports for it (`__builtin__` is builtins, `copy_reg` is copyreg)."""
    mapped = _compat_pickle.NAME_MAPPING.get((found.module, found.name))
    if mapped is not None:
        return Global(*mapped)
    return Global(_compat_pickle.IMPORT_MAPPING.get(found.module, found.module), found.name)


def is_plausible(found: Global) -> bool:
    """Whether it could be a Python name at all; bytes that only look like opcodes rarely are."""
    return bool(_PLAUSIBLE.match(found.module) and _PLAUSIBLE.match(found.name))


def is_safe_method(owner: Global, name: str) -> bool:
    """Whether the allow-list has this attribute of a class by its exact dotted name."""
    return "." not in name and is_allowed(owner.module, f"{owner.name}.{name}")
