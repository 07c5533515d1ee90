"""All that inspectors may look at to say what one version is."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from catalog.inspectors import adapter, native
from catalog.inspectors.base import JsonObject, Problems, as_text
from catalog.inspectors.card import Card
from catalog.inspectors.files import Files
from catalog.inspectors.headers.gguf import Gguf
from catalog.inspectors.headers.gguf_facts import GgufFacts
from catalog.sources.base import Listing

Facts = dict[str, object]
CONFIG = "config.json"
PIPELINE = "model_index.json"


@dataclass(frozen=True)
class Subject:
    """A version's listing, card and main settings; further small files are read through `files`.

    `config` is config.json, or params.json in its words; `pipeline` model_index.json; `adapter`
    adapter_config.json. Each is empty where the version has none. `header` is that of a GGUF file,
    and `gguf` what its keys say.
    """

    listing: Listing
    files: Files
    problems: Problems
    card: Card = field(default_factory=Card)
    config: JsonObject = field(default_factory=dict)
    pipeline: JsonObject = field(default_factory=dict)
    adapter: JsonObject = field(default_factory=dict)
    header: Gguf | None = None
    gguf: GgufFacts | None = None

    @cached_property
    def paths(self) -> tuple[str, ...]:
        return tuple(file.path for file in self.listing.files)

    @cached_property
    def tags(self) -> tuple[str, ...]:
        """Tags of the card, then of the source; each once."""
        return tuple(dict.fromkeys((*self.card.tags, *self.listing.tags)))

    @property
    def pipeline_tag(self) -> str:
        return self.card.pipeline_tag or self.listing.pipeline_tag

    @property
    def library(self) -> str:
        return self.card.library_name or self.listing.library_name

    @property
    def class_name(self) -> str:
        """What diffusers calls the whole, or the part that a version is."""
        found = self.pipeline.get("_class_name") or self.config.get("_class_name")
        return as_text(found[-1] if isinstance(found, list) and found else found)


def read_subject(listing: Listing, files: Files, card: Card, problems: Problems) -> Subject:
    """Read what decides the kind: of four small files those that are there."""
    config = files.object(CONFIG)
    if not files.has(CONFIG):
        config = native.as_config(files.object(native.PATH))
    return Subject(
        listing=listing,
        files=files,
        problems=problems,
        card=card,
        config=config,
        pipeline=files.object(PIPELINE),
        adapter=files.object(adapter.PATH),
    )
