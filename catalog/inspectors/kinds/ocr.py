"""OCR models: an encoder that sees and a decoder that writes."""

from __future__ import annotations

from catalog.inspectors.base import JsonObject, as_count, as_object, as_text
from catalog.inspectors.kinds._processors import picture_size, read_processor, size_of
from catalog.inspectors.kinds._vision import encoder_layers, encoder_width
from catalog.inspectors.senses import vision_part
from catalog.inspectors.subject import Facts, Subject
from catalog.inspectors.transformers_config import language_part, llm_facts

_WRITTEN = ("hidden_size", "context_length", "vocab_size")


def facts(subject: Subject) -> Facts:
    """Read config.json, and the processor where only that knows the size of the picture."""
    config = subject.config
    encoder = as_object(config.get("encoder")) or vision_part(config) or {}
    decoder = as_object(config.get("decoder"))
    size = size_of(encoder.get("image_size")) or picture_size(read_processor(subject.files))
    shape = llm_facts(decoder or config)
    # Decoders that were cut out of a pair give the layers of the encoder as those of the whole.
    layers = as_count(decoder.get("decoder_layers")) or shape.get("num_layers")
    return {
        **{name: shape.get(name) for name in _WRITTEN},
        "num_layers": layers,
        "width": size and size[0],
        "height": size and size[1],
        "encoder": _name(encoder),
        "encoder_layers": encoder_layers(encoder),
        "encoder_hidden_size": encoder_width(encoder),
        "decoder": _name(decoder or language_part(config)),
    }


def _name(part: JsonObject) -> str:
    return as_text(part.get("model_type")) or as_text(part.get("model_name"))
