"""Parts of models that make pictures and films."""

from __future__ import annotations

from registry.configs.base import Address, Count, Flag, Part, Word


class Component(Part):
    """One part of a pipeline, as model_index.json names it."""

    name: Word
    library: Word = ""
    class_name: Word = ""


class Preview(Part):
    """A picture that the model made, at its source; sizes in pixels."""

    url: Address
    width: Count | None = None
    height: Count | None = None
    nsfw: Flag | None = None
