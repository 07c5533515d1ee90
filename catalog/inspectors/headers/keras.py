"""Keras models: the settings inside a .keras file; HDF5 is recognized and not opened."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_text
from catalog.inspectors.headers.ranges import parse_table, read_named
from catalog.inspectors.headers.zips import Member, read_directory, read_member
from core.errors import InvalidInputError

CONFIG, METADATA, WEIGHTS = "config.json", "metadata.json", "model.weights.h5"
LARGEST_CONFIG: Final = 4 << 20
LARGEST_METADATA: Final = 64 << 10
HDF5: Final = b"\x89HDF\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class Keras:
    """A model as Keras 3 saves it. Its weights are HDF5, so their number is not known."""

    class_name: str
    name: str
    layers: int | None
    dtype: str
    keras_version: str
    weights_bytes: int | None


def is_keras(members: Iterable[Member]) -> bool:
    """Tell whether a zip file is one that Keras wrote."""
    return {CONFIG, METADATA} <= {member.name for member in members}


def read_keras(reader: Reader, path: str, problems: Problems) -> Keras | None:
    """Read the settings in a .keras file by four small reads; None with a problem.

    Format: https://keras.io/guides/serialization_and_saving/
    """
    return read_named(path, "Keras", problems, lambda: _read(reader, path))


def _read(reader: Reader, path: str) -> Keras:
    members = {member.name: member for member in read_directory(reader, path)}
    if CONFIG not in members or METADATA not in members:
        raise InvalidInputError(f"it has no {CONFIG} and {METADATA}")
    found = parse_table(read_member(reader, path, members[CONFIG], LARGEST_CONFIG))
    about = parse_table(read_member(reader, path, members[METADATA], LARGEST_METADATA))
    config = _object(found.get("config"))
    layers = config.get("layers")
    weights = members.get(WEIGHTS)
    return Keras(
        class_name=as_text(found.get("class_name")),
        name=as_text(config.get("name")),
        layers=len(layers) if isinstance(layers, list) else None,
        dtype=_dtype(config),
        keras_version=as_text(about.get("keras_version")),
        weights_bytes=weights.size if weights else None,
    )


def _dtype(config: Mapping[str, object]) -> str:
    """Return the number format: a name, or a policy that has one."""
    told = config.get("dtype")
    return as_text(told) or as_text(_object(_object(told).get("config")).get("name"))


def _object(value: object) -> Mapping[str, object]:
    return value if isinstance(value, dict) else {}
