"""Judge a Keras configuration: what rebuilding a model from it would import, call or read.

Advisories: CVE-2024-3660 (Lambda), CVE-2025-1550 (modules), CVE-2025-8747 (get_file),
CVE-2025-9905 (HDF5 knows no safe mode), CVE-2025-9906 (switching safe mode off), CVE-2025-12058
(vocabularies from files), CVE-2026-1462 (TFSMLayer).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from scanning.scanners._globals import is_action
from scanning.scanners._globals_dangerous import is_dangerous
from scanning.scanners._nested import tables_in
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import Rule, Severity

_NVD = "https://nvd.nist.gov/vuln/detail/"
RULES = {
    "keras_lambda": Rule("A Keras layer carries Python code", f"{_NVD}CVE-2024-3660"),
    "keras_named_function": Rule("A Keras Lambda calls a function", f"{_NVD}CVE-2024-3660"),
    "keras_module": Rule("A Keras model imports a dangerous module", f"{_NVD}CVE-2025-1550"),
    "keras_foreign": Rule("A Keras model needs foreign code", f"{_NVD}CVE-2025-1550"),
    "keras_gadget": Rule("A Keras model calls what loads or writes", f"{_NVD}CVE-2025-8747"),
    "keras_loader": Rule("A Keras layer loads other code", f"{_NVD}CVE-2026-1462"),
    "keras_file_reference": Rule("A Keras layer reads a file", f"{_NVD}CVE-2025-12058"),
    "keras_invalid": Rule("A Keras configuration is no plain JSON"),
}
_TRUSTED = frozenset({"keras", "tf_keras", "keras_core", "keras_nlp", "keras_hub", "keras_cv"})
_PREFIXES = ("tensorflow.python.keras", "tensorflow.keras", "keras.api._v2.keras", "keras.src",
             "keras.api", "tf_keras.src")  # fmt: skip
_PARTS_NAMES = """
layers models activations initializers losses metrics optimizers regularizers constraints engine
saving dtype_policies mixed_precision random quantizers applications preprocessing ops backend
tokenizers samplers bounding_box feature_column legacy_tf_layers premade_models
"""
_PARTS = frozenset(_PARTS_NAMES.split())
_GADGET_NAMES = """
get_file load_model load_weights save_model save_weights enable_unsafe_deserialization func_load
func_dump deserialize_keras_object model_from_json model_from_config model_from_yaml
extract_archive _extract_archive extract_open_archive set_global_attribute load_data load_img
KerasFileEditor export download unpack_x_y_sample_weight load_from_saved_model from_preset
"""
_GADGETS = frozenset(_GADGET_NAMES.split())
_LOADERS = frozenset({"TorchModuleWrapper", "TFSMLayer"})
_WRAPPERS = frozenset({"JaxLayer", "FlaxLayer", "PyFunc"})
_LOOKUPS = frozenset({"StringLookup", "IntegerLookup", "TextVectorization", "IndexLookup"})
_NUMPY = re.compile(r"(dtype|ndarray|bool_?|(u?int|float|complex)\d*)\Z")
_FUNCTION_NAME = re.compile(r"[A-Za-z_][\w.<>]{0,79}\Z", re.ASCII)
# Operations of TensorFlow that a layer around one of them may name: of files, and of Python.
_OPENING = re.compile(
    r"_*(?:read|write|load|save|open|delete|remove|rename|copy_file|matching_files|py_func|"
    r"py_function|eager_py_func|numpy_function)(?:_|\Z)"
)
_CODE_KINDS = ("function_type", "output_shape_type", "mask_type")
_MAX_OBJECTS = 2_000_000


def examine_config(text: str, notes: Notes, *, certain: bool = True) -> None:
    """Note what stands in a configuration (JSON) that runs, imports or reads something.

    `certain`: it is one of Keras's, so what cannot be read of it may be read by others.
    """
    duplicates: list[str] = []

    def checked(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        if len(made) != len(pairs):
            duplicates.append(", ".join(key for key, _ in pairs))
        return made

    try:
        data = json.loads(text, object_pairs_hook=checked, parse_int=str)
    except (ValueError, RecursionError) as error:
        if not certain and "class_name" not in text:
            return  # a broken configuration of something else
        message = "has a configuration that is no JSON"
        severity = Severity.MEDIUM if certain else Severity.LOW
        _note(notes, "keras_invalid", severity, message, str(error))
        return
    for keys in duplicates[:5]:
        severity = Severity.MEDIUM if certain or "class_name" in keys else Severity.LOW
        _note(notes, "keras_invalid", severity, "has a key twice in its configuration", keys)
    examine_data(data, notes)


def examine_data(data: object, notes: Notes, *, has_aliases: bool = False) -> None:
    for count, one in enumerate(_objects(data, has_aliases=has_aliases)):
        if count > _MAX_OBJECTS:
            notes.gap(f"more than {_MAX_OBJECTS} objects in a configuration")
            return
        _examine_object(one, notes)


def _objects(data: object, *, has_aliases: bool) -> Iterator[dict[str, Any]]:
    tables = tables_in(data, has_aliases=has_aliases)
    return (table for table in tables if isinstance(table.get("class_name"), str))


def _note(notes: Notes, rule: str, severity: Severity, message: str, evidence: str) -> None:
    notes.add(rule, severity, message, evidence)


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _examine_object(one: dict[str, Any], notes: Notes) -> None:
    kind, config = _text(one.get("class_name")), one.get("config")
    name = kind.split(">")[-1]
    registered = _text(one.get("registered_name"))
    names = {name, registered.split(">")[-1]}
    if any(part.endswith("Lambda") for part in names):
        _examine_lambda(one, config, notes)
    if "__lambda__" in names:
        _note(notes, "keras_lambda", Severity.HIGH, "carries Python code", kind)
    for part in names & _LOADERS:
        _note(notes, "keras_loader", Severity.HIGH, "has a layer that loads other code", part)
    for part in names & _WRAPPERS:
        _note(notes, "keras_loader", Severity.MEDIUM, "has a layer around foreign code", part)
    if names & _LOOKUPS and isinstance(config, dict):
        _examine_lookup(config, name, notes)
    called = _text(config) if kind == "function" else name
    _examine_module(_text(one.get("module")), called, kind, notes)
    _examine_registered(registered, notes)


def _examine_lambda(one: dict[str, Any], config: object, notes: Notes) -> None:
    config = config if isinstance(config, dict) else {}
    function = config.get("function")
    named = (isinstance(function, str) and bool(_FUNCTION_NAME.match(function))) or (
        isinstance(function, dict) and function.get("class_name") == "function"
    )
    kinds = [config.get(key) for key in _CODE_KINDS]
    if named and "lambda" not in kinds:
        _note_named(config, function, notes)
    else:
        message = "has a Lambda layer with Python code in it"
        evidence = json.dumps(function if function is not None else one.get("class_name"))
        _note(notes, "keras_lambda", Severity.HIGH, message, evidence)


def _note_named(config: dict[str, Any], function: object, notes: Notes) -> None:
    """Old Keras looks a name up among what is imported; the new one imports its module."""
    severity = Severity.LOW if isinstance(function, str) else Severity.MEDIUM
    message = "has a Lambda layer that calls a function by its name"
    _note(notes, "keras_named_function", severity, message, json.dumps(function))
    if _OPENING.match(_text(function).rpartition(".")[2]):
        message = "calls what loads, writes or switches the safe mode off"
        _note(notes, "keras_gadget", Severity.HIGH, message, _text(function))
    _examine_module(_text(config.get("module")), _text(function), "function", notes)


def _examine_lookup(config: dict[str, Any], name: str, notes: Notes) -> None:
    for key in ("vocabulary", "idf_weights"):
        path = config.get(key)
        if isinstance(path, str) and path:
            severity = Severity.HIGH if leads_away(path) else Severity.MEDIUM
            message = "has a layer that reads a file when it is rebuilt"
            _note(notes, "keras_file_reference", severity, message, f"{name}: {path}")


def _examine_module(module: str, name: str, kind: str, notes: Notes) -> None:
    evidence = f"{module}.{name}" if module else name
    last = name.rpartition(".")[2]  # TensorFlow's functions are told with their place: io.read_file
    if kind == "function" and (last in _GADGETS or is_action(last)):
        message = "calls what loads, writes or switches the safe mode off"
        _note(notes, "keras_gadget", Severity.HIGH, message, evidence)
    if not module or _is_builtin(module, name, kind):
        return
    if is_dangerous(module, name) or is_dangerous(module, ""):
        message = "imports a module that runs code"
        _note(notes, "keras_module", Severity.HIGH, message, evidence)
    elif not _is_trusted(module):
        message = "needs code that is not Keras's own"
        _note(notes, "keras_foreign", Severity.MEDIUM, message, evidence)


def _is_builtin(module: str, name: str, kind: str) -> bool:
    """Types that Keras writes for plain values."""
    if module == "builtins":
        return kind.startswith("__") or name in {"slice", "dict", "tuple", "list", "range"}
    return module == "numpy" and bool(_NUMPY.match(name))


def _is_trusted(module: str) -> bool:
    """Whether it is a part of Keras that holds layers and the like, not tools."""
    for prefix in _PREFIXES:
        if module == prefix or module.startswith(f"{prefix}."):
            module = "keras" + module.removeprefix(prefix)
            break
    root, _, rest = module.partition(".")
    parts = [part for part in rest.split(".") if part not in {"", "src", "api"}]
    return root in _TRUSTED and (not parts or parts[0] in _PARTS)


def _examine_registered(registered: str, notes: Notes) -> None:
    package, mark, _ = registered.partition(">")
    if mark and package.lower() not in _TRUSTED:
        message = "needs a class that somebody registered"
        _note(notes, "keras_foreign", Severity.MEDIUM, message, registered)
