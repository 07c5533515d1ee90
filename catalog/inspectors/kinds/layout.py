"""Document layout models: words, where they stand, and for some the picture of the page."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import JsonObject, first_count
from catalog.inspectors.kinds._encoder import encoder_facts, longest_text
from catalog.inspectors.kinds._labels import labels_of
from catalog.inspectors.kinds._processors import picture_side, read_processor, side_of
from catalog.inspectors.subject import Facts, Subject

_PICTURE: Final = ("input_size", "image_size", "image_feature_pool_shape", "detectron2_config_args")
_PLACES: Final = ("max_2d_position_embeddings", "dim_bbox")


def facts(subject: Subject) -> Facts:
    """Read config.json, and the processor where only that knows the size of the picture."""
    config = subject.config
    shape = encoder_facts(subject)
    sees = uses_images(config)
    size = side_of(config.get("input_size")) or side_of(config.get("image_size"))
    if sees and size is None:
        size = picture_side(read_processor(subject.files))
    return {
        **shape,
        "max_seq_length": longest_text(subject.files, shape),
        "image_size": size if sees else None,
        "patch_size": first_count(config, "patch_size") if sees else None,
        "max_2d_position_embeddings": first_count(config, "max_2d_position_embeddings"),
        "uses_images": sees,
        "labels": labels_of(config)[0],
    }


def uses_images(config: JsonObject) -> bool | None:
    """Tell whether the page is looked at as well; None where the settings say nothing of places."""
    if isinstance(told := config.get("visual_embed"), bool):
        return told
    if any(config.get(name) for name in _PICTURE):
        return True
    return False if any(config.get(name) for name in _PLACES) else None
