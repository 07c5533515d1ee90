"""The rules that pickle findings name."""

from __future__ import annotations

from scanning.scanners.base import Rule

_DESERIALIZATION = "https://cwe.mitre.org/data/definitions/502.html"
_INJECTION = "https://cwe.mitre.org/data/definitions/94.html"
_HIDDEN = "https://cwe.mitre.org/data/definitions/506.html"
_EXHAUSTION = "https://cwe.mitre.org/data/definitions/400.html"

PICKLE_RULES: dict[str, Rule] = {
    "pickle_dangerous_call": Rule("A pickle calls what runs code", _DESERIALIZATION),
    "pickle_dangerous_global": Rule("A pickle names what runs code", _DESERIALIZATION),
    "pickle_unknown_call": Rule("A pickle calls what is not known to be safe", _DESERIALIZATION),
    "pickle_unknown_global": Rule("A pickle names what is not known to be safe", _DESERIALIZATION),
    "pickle_code_argument": Rule("A pickle hands commands or source to a call", _INJECTION),
    "pickle_code_object": Rule("A pickle carries compiled code", _INJECTION),
    "pickle_computed_name": Rule("A pickle imports a name that it computes", _DESERIALIZATION),
    "pickle_computed_call": Rule("A pickle calls an object that it computes", _DESERIALIZATION),
    "pickle_extension": Rule("A pickle takes from the extension registry", _DESERIALIZATION),
    "pickle_build_on_import": Rule(
        "A pickle overwrites attributes of what it imports",
        "https://cwe.mitre.org/data/definitions/915.html",
    ),
    "pickle_special_attribute": Rule(
        "A pickle sets an attribute that Python acts on",
        "https://cwe.mitre.org/data/definitions/915.html",
    ),
    "pickle_computed_state": Rule(
        "A pickle computes the state of an object",
        "https://cwe.mitre.org/data/definitions/915.html",
    ),
    "pickle_bound_method": Rule("A pickle keeps a method of an object", _DESERIALIZATION),
    "pickle_forged_dtype": Rule(
        "A pickle makes numpy take numbers for objects",
        "https://cwe.mitre.org/data/definitions/843.html",
    ),
    "pickle_nested_load": Rule("A pickle loads another pickle that it computes", _DESERIALIZATION),
    "pickle_file_argument": Rule(
        "A pickle reads a file that it names", "https://cwe.mitre.org/data/definitions/73.html"
    ),
    "pickle_codec": Rule("A pickle asks for an unusual codec", _DESERIALIZATION),
    "pickle_persistent_text": Rule("A pickle asks its reader for an object", _DESERIALIZATION),
    "pickle_broken": Rule("A pickle breaks off behind what it has already run", _HIDDEN),
    "pickle_trailing_data": Rule("A pickle has data behind its end", _HIDDEN),
    "pickle_exhaustion": Rule("A pickle takes enormous memory or time", _EXHAUSTION),
}
