"""adapter_config.json of PEFT: weights that are added to those of a base model."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import (
    JsonObject,
    as_number,
    as_object,
    as_text,
    as_texts,
    first_count,
)

PATH: Final = "adapter_config.json"
# The kind of model that a `task_type` of PEFT is for.
TASKS: Final = {
    "CAUSAL_LM": "llm",
    "SEQ_2_SEQ_LM": "llm",
    "SEQ_CLS": "classifier",
    "TOKEN_CLS": "classifier",
    "QUESTION_ANS": "classifier",
    "FEATURE_EXTRACTION": "embedding",
}
_METHOD = re.compile(r"[a-z][a-z0-9_]{0,39}")
_RANKS: Final = ("r", "target_r", "init_r")
_ALPHAS: Final = ("lora_alpha", "alpha", "randlora_alpha")


def adapter_facts(settings: JsonObject) -> dict[str, object] | None:
    """Return `Adapter`; the method is PEFT's own word in small letters (lora, ia3, dora ...)."""
    method = as_text(settings.get("peft_type")).lower()
    if not _METHOD.fullmatch(method):
        return None
    if method == "lora" and settings.get("use_dora") is True:
        method = "dora"
    alphas = (as_number(settings.get(name), 1e-9, 1e6) for name in _ALPHAS)
    return {
        "method": method,
        "rank": first_count(settings, *_RANKS),
        "alpha": next((alpha for alpha in alphas if alpha is not None), None),
        "target_modules": tuple(sorted(as_texts(settings.get("target_modules")))),
    }


def base_model(settings: JsonObject) -> str:
    """Return what the adapter is for, in its author's words: a repository or a folder."""
    return as_text(settings.get("base_model_name_or_path"), 500)


def base_class(settings: JsonObject) -> str:
    """Return the class of the base model, which is written down where there is no task type."""
    return as_text(as_object(settings.get("auto_mapping")).get("base_model_class"))
