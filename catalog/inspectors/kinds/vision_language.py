"""Language models that see, and some that hear as well."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import JsonObject, first_count
from catalog.inspectors.kinds import llm
from catalog.inspectors.kinds._processors import read_processor, sample_rate
from catalog.inspectors.kinds._vision import is_told, vision_encoder
from catalog.inspectors.senses import audio_part, vision_part
from catalog.inspectors.subject import Facts, Subject

_LAYERS: Final = (
    "encoder_layers", "num_hidden_layers", "conf_num_hidden_layers", "num_blocks", "n_layer",
)  # fmt: skip
_WIDTHS: Final = ("d_model", "hidden_size", "attention_dim", "n_state", "encoder_hidden_size")
_MELS: Final = ("num_mel_bins", "input_feat_size", "n_mels", "mel_bins", "input_size")


def facts(subject: Subject) -> Facts:
    """Read what a language model has, then the processor where it can say more."""
    found = llm.facts(subject)
    config = subject.config
    part, heard = vision_part(config), audio_part(config)
    processor: JsonObject = {}
    vision = {} if part is None else vision_encoder(config, part, processor)
    if heard is not None or not is_told(config, vision):
        processor = read_processor(subject.files)
        vision = vision_encoder(config, part or {}, processor)
    return {
        **found,
        "vision": vision if any(vision.values()) else None,
        "audio": None if heard is None else _audio_encoder(heard, processor),
    }


def _audio_encoder(part: JsonObject, processor: JsonObject) -> Facts | None:
    found: Facts = {
        "sample_rate": sample_rate(part) or sample_rate(processor),
        "mel_bins": first_count(part, *_MELS) or first_count(processor, "feature_size"),
        "num_layers": first_count(part, *_LAYERS),
        "hidden_size": first_count(part, *_WIDTHS),
    }
    return found if any(found.values()) else None
