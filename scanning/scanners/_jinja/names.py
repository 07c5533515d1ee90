"""Which names lead out of a template, and what else one may not reach for."""

from __future__ import annotations

import re
import unicodedata

from scanning.scanners.base import Severity

# Attributes of Python's objects that lead to classes, frames and modules.
_INTERNALS_NAMES = """
class mro base bases subclasses globals builtins import init new dict getattribute getattr
getitem setattr delattr call code func self module loader spec reduce reduce_ex wrapped
closure defaults kwdefaults annotations init_subclass class_getitem context environment
subclasshook instancecheck enter exit format repr str doc file name path qualname slots
weakref dir hash
"""
_INTERNALS = frozenset(_INTERNALS_NAMES.split())
_PLAIN_INTERNALS_NAMES = """
mro func_globals func_code func_closure func_defaults im_func im_class im_self gi_frame
gi_code gi_yieldfrom cr_frame cr_code cr_await ag_frame ag_code f_globals f_locals
f_builtins f_back f_code tb_frame tb_next co_code co_consts popen check_output import_module
load_module exec_module
"""
_PLAIN_INTERNALS = frozenset(_PLAIN_INTERNALS_NAMES.split())
# Functions a renderer may lend, and modules; a value of the same name is data.
_DANGEROUS_CALLS_NAMES = """
eval exec execfile compile open getattr setattr vars globals locals popen system
"""
DANGEROUS_CALLS = frozenset(_DANGEROUS_CALLS_NAMES.split())
DANGEROUS_OBJECTS = frozenset(
    [
        "os",
        "sys",
        "subprocess",
        "importlib",
        "builtins",
        "url_for",
        "get_flashed_messages",
        "current_app",
    ]
)
# Jinja's own objects, whose methods lead to its modules; the names are those that are harmless.
HELPERS = {
    "lipsum": frozenset[str](),
    "joiner": frozenset[str](),
    "cycler": frozenset({"next", "current", "reset"}),
    "namespace": frozenset[str](),
    "range": frozenset[str](),
    "dict": frozenset[str](),
}
WEB_OBJECTS = frozenset({"request", "config", "session", "g", "app"})
_SHORT = 2
_DUNDER = re.compile(r"__\w+__")
_KNOWN_DUNDER = re.compile(rf"_*__({'|'.join(sorted(_INTERNALS))})__", re.ASCII)
_FIELD = re.compile(r"\{[^{}]*?[.\[]([^{}]*)\}")


def judge_name(name: str, *, is_attribute: bool) -> Severity | None:
    """How bad it is to reach for an attribute or item of this name."""
    plain = unicodedata.normalize("NFKC", name)
    parts = [plain, *plain.split(".")]
    if any(_DUNDER.search(part) or part in _PLAIN_INTERNALS for part in parts):
        return Severity.HIGH
    hidden = any(part.startswith("_") for part in parts)
    if hidden and any("__" in part for part in parts):
        return Severity.HIGH if is_attribute else Severity.MEDIUM
    if hidden:
        return Severity.MEDIUM if is_attribute else Severity.LOW
    return None


def names_internal(word: str) -> bool:
    """Whether a text is nothing but the name of one of Python's internals."""
    return bool(_KNOWN_DUNDER.fullmatch(unicodedata.normalize("NFKC", word.strip(" .[]'\""))))


def judge_pieces(fragments: frozenset[str]) -> bool:
    """Whether a name that was put together from these could be an internal one."""
    return any(
        "__" in one or one.startswith("_") or (one.endswith("_") and len(one) <= _SHORT)
        for one in fragments
    )


def judge_format(template: str) -> Severity | None:
    """What fields like {0.name} or {0[name]} of a format string reach."""
    fields = _FIELD.findall(template)
    if any("_" in one or one in _PLAIN_INTERNALS for one in fields):
        return Severity.HIGH
    return Severity.MEDIUM if fields else None
