"""Sort a global that a pickle reaches: allowed, unknown, code or dangerous."""

from __future__ import annotations

import _compat_pickle
import re
import sys
from enum import Enum
from functools import lru_cache

from scanning.scanners._globals_allowed import COMPUTING, is_allowed, is_never_called
from scanning.scanners._globals_dangerous import CODE_BUILDERS, is_dangerous
from scanning.scanners._pickle_values import Global

RULES_VERSION = "10"
_LARGE = "numpy torch pandas scipy sklearn joblib tensorflow keras transformers accelerate"
_LIBRARIES = frozenset(_LARGE.split())
_FUNCTION = re.compile(
    r"(?!_*(?:rebuild|reconstruct|restore|unpickle|pyx_unpickle|new(?!_shared)|from_(?!file|pretrained))_?)"
    r"_*[a-z]"
)
# What a function of any package does, when its name begins with one of these.
_VERB_WORDS = """
load loads open read write save dump dumps run exec execute execfile eval evaluate compile import
download fetch spawn popen launch call invoke connect send delete remove unlink rmtree rename mkdir
urlopen check resolve locate instantiate extract deserialize start stop install kill query sql
memory imread imwrite memmap truetype savefig system subprocess dlopen dlimport loadtxt loadmat
"""
_VERBS = frozenset(_VERB_WORDS.split())
_LAST_VERB_WORDS = """
eval exec import open system popen subprocess process download load loads callback
"""
_LAST_VERBS = frozenset(_LAST_VERB_WORDS.split())
_ACTIONS = frozenset(
    {"main", "fromfile", "restore_from", "prepare", "driver", "build_model_from_file"}
)
_SOURCES = frozenset({"file", "pretrained", "disk", "url", "path"})
# What a class opens or starts when it is constructed.
_OPENER = re.compile(
    r"\w*(?:File|Files|Reader|Writer|Client|Connection|Session|Process|Thread|Popen|Interpreter|"
    r"Executor|Server|Browser|Store|Database|Socket|Shell|Viewer)\Z"
)
_REBUILDING = frozenset({"NEWOBJ", "NEWOBJ_EX"})
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


def call_trust(found: Global, op_name: str, *, is_later: bool = False) -> Trust:
    """Judge a call: some classes may be rebuilt by NEWOBJ, yet not constructed.

    `is_later`: it is kept to be called by who uses the model.

    The large libraries rebuild their objects by functions that are known by name; any other
    function of theirs, and in any package one that is called after what it does, is there for that.
    """
    new = modern(found)
    known = trust(found)
    if known is Trust.ALLOWED:
        if (new.module, new.name) in COMPUTING:
            return known if is_later else Trust.UNKNOWN
        is_rebuilt = op_name in _REBUILDING
        return Trust.UNKNOWN if is_never_called(new.module, new.name) and not is_rebuilt else known
    return Trust.DANGEROUS if known is Trust.UNKNOWN and _acts(new, op_name) else known


def _acts(found: Global, op_name: str) -> bool:
    """Whether a call of an unknown name does something, rather than make an object."""
    if op_name in _REBUILDING:
        return False
    of, _, last = found.name.rpartition(".")
    package = found.module.partition(".")[0]
    if package in _LIBRARIES and _FUNCTION.match(last):
        return True
    if of and package in sys.stdlib_module_names and _FUNCTION.match(last):
        return True
    is_loader = last in _ACTIONS or (bool(_FUNCTION.match(last)) and "load" in last.split("_"))
    return is_loader or is_action(last) or bool(_OPENER.match(last))


def is_action(name: str) -> bool:
    words = name.strip("_").split("_")
    if words[0] == "from":
        return words[-1] in _SOURCES
    return words[0] in _VERBS or words[-1] in _LAST_VERBS


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
