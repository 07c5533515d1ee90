"""Say what models on this machine are: no database, no network."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandParser

from catalog.inspectors import Inspection
from catalog.inspectors.base import JsonObject, Problems, read_object
from catalog.inspectors.counting import cache, text_shape
from catalog.inspectors.inspect import inspect_version
from catalog.inspectors.paths import read_path
from catalog.inspectors.subject import CONFIG
from catalog.inspectors.transformers_config import dtype, language_part
from core.errors import InvalidInputError, ModelyardError
from core.folders import in_words
from core.wording import file_size, grouped, parameters
from registry.configs.cache import bytes_per_token
from registry.configs.llm import CACHE_BYTES

# What is told on top of the whole configuration, where it applies to the kind.
_TOLD = (
    *("family", "architecture", "num_params", "num_params_how", "active_params"),
    *("context_length", "max_seq_length", "num_layers", "hidden_size", "num_attention_heads"),
    *("num_key_value_heads", "head_dim", "vocab_size", "torch_dtype", "weights_bytes", "formats"),
)
# Any file has a size and a name; these alone make no model.
_OF_ANY_FILE = frozenset({"weights_bytes", "files"})
_NO_FAULTS = ("README.md", "Not known")  # nobody expects a card beside a single file


class Command(BaseCommand):
    help = (
        "Say what each model folder or file is. Exits with 2 when a path holds no model; the"
        " others are still told."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="+")
        parser.add_argument(
            "--json", action="store_true", help="One JSON object a line, in the order given."
        )

    def handle(self, *args: object, **options: Any) -> None:
        failed = False
        for path in options["path"]:
            try:
                told = told_of(path)
            except (ModelyardError, OSError) as error:
                message = error.message if isinstance(error, ModelyardError) else error.strerror
                name = path if path.isprintable() else in_words(path)
                self.stderr.write(f"{name}: {message}")
                failed = True
            else:
                self.stdout.write(json.dumps(told) if options["json"] else _line(told))
        if failed:
            sys.exit(2)


def told_of(path: str) -> dict[str, Any]:
    """Give what is known of the model at a path; raise InvalidInputError where there is none."""
    reader, listing = read_path(Path(path))
    found = inspect_version(reader, listing, at_hand=True)
    _check(found)
    shape = _shape(read_object(reader, CONFIG, Problems()) or {})
    return {"path": path, **shape, **_facts(found), "problems": list(found.problems)}


def _check(found: Inspection) -> None:
    """Refuse files that tell nothing of a model; say why by the first fault of them."""
    told = found.config.model_dump(exclude_defaults=True).keys() - _OF_ANY_FILE
    faults = [one for one in found.problems if not one.startswith(_NO_FAULTS)]
    if not told or (told == {"formats"} and faults):
        why = faults[0] if faults else "its files tell nothing of one"
        raise InvalidInputError(f"holds no model: {why}")


def _shape(config: JsonObject) -> dict[str, Any]:
    """What config.json says of the part that reads text, whatever kind of model it is in."""
    shape, kept = text_shape(config), cache(config) if config else None
    told = {
        "context_length": shape.context,
        "num_layers": shape.layers,
        "hidden_size": shape.hidden,
        "num_attention_heads": shape.heads,
        "num_key_value_heads": shape.kv_heads,
        "head_dim": shape.head_dim,
        "vocab_size": shape.vocabulary,
        "torch_dtype": dtype(config, language_part(config)) or None,
        "kv_bytes_per_token_fp16": bytes_per_token(kept, CACHE_BYTES) if kept else None,
    }
    return {name: value for name, value in told.items() if value is not None}


def _facts(found: Inspection) -> dict[str, Any]:
    config = found.config.model_dump(mode="json")
    packed = found.config.quantization
    kept = getattr(found.config, "kv_cache_bytes_per_token", None)
    return {
        "model_type": found.model_type,
        **{name: config[name] for name in _TOLD if config.get(name) not in (None, "", [])},
        "quantization": packed.label if packed else None,
        "quantization_bits": packed.bits if packed else None,
        **({} if kept is None else {"kv_bytes_per_token_fp16": kept}),
        "status": found.status,
        "config": config,
    }


def _line(told: dict[str, Any]) -> str:
    words = [told["model_type"], told.get("architecture", "")]
    words += [f"{parameters(told['num_params'])} parameters"] if "num_params" in told else []
    words += [f"{grouped(told['context_length'])} tokens"] if "context_length" in told else []
    words += [file_size(told["weights_bytes"])] if "weights_bytes" in told else []
    return f"{told['path']}: {', '.join(word for word in words if word)}"
