"""Manifests of GGUF files: the same rows give the same bytes, so that a digest is worth keeping."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

import orjson

from core.errors import InvalidInputError
from hub import selectors
from hub.decision import Place
from hub.oci.errors import HeldBackError, NoSuchTagError
from hub.oci.layers import Layer, config_layer, config_of, layers_of
from hub.oci.tags import Chosen, all_chosen, choose, is_gguf
from registry.configs import ModelConfig
from registry.models import ModelFile, ModelVersion

MANIFEST: Final = "application/vnd.docker.distribution.manifest.v2+json"


@dataclass(frozen=True, slots=True)
class Manifest:
    """A manifest with its bytes, and every layer that it names."""

    body: bytes
    layers: tuple[Layer, ...]

    @property
    def digest(self) -> str:
        return f"sha256:{hashlib.sha256(self.body).hexdigest()}"


def manifest_at(place: Place, tag: str) -> Manifest:
    """Give the manifest that a tag names in this version; a file that is held back says why."""
    files, config = served(place.version), config_of(place.version)
    if config is not None and config.adapter is not None:
        raise NoSuchTagError(f"{place.version} is an adapter, which Ollama runs on its base alone.")
    try:
        chosen = choose(tag, files)
    except InvalidInputError as error:
        raise _why_not(place, tag, error) from error
    return _manifest(place.version, config, files, chosen)


def manifests_of(version: ModelVersion) -> Iterator[Manifest]:
    """Give every manifest that some tag names in this version."""
    files, config = served(version), config_of(version)
    for chosen in all_chosen(files):
        yield _manifest(version, config, files, chosen)


def served(version: ModelVersion) -> dict[str, ModelFile]:
    return {file.path: file for file in selectors.served_files(version)}


def _manifest(
    version: ModelVersion,
    config: ModelConfig | None,
    files: dict[str, ModelFile],
    chosen: Chosen,
) -> Manifest:
    layers = layers_of(version, config, files, chosen)
    told = config_layer(config, chosen, layers)
    document: dict[str, object] = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": told.descriptor,
        "layers": [layer.descriptor for layer in layers],
        "ggufFile": {"rfilename": chosen.weights},  # what llama.cpp read before it had `refs`
    }
    if chosen.projector:
        document["mmprojFile"] = {"rfilename": chosen.projector}
    return Manifest(orjson.dumps(document), (told, *layers))


def _why_not(place: Place, tag: str, error: InvalidInputError) -> Exception:
    """Say of a file that is held back that it is there and why it is not given."""
    held = {file.path: file for file in selectors.held_files(place.version) if is_gguf(file.path)}
    try:
        file = held[choose(tag, held).weights]
    except InvalidInputError:
        return NoSuchTagError(f"{place.version}: {error.message}", commit=place.version.commit)
    why = f"{file.path} of {place.version} is held back. {file.held_back}"
    return HeldBackError(why, model=place.model, subject=str(place.version))
