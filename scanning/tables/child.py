"""The inside of the child that reads tables of tensors from headers (`scanning.tables.reading`)."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from core.sandbox.inside import Work, serve
from scanning.tables.table import read_safetensors
from scanning.tables.torch import read_torch


def main() -> None:
    """Answer one request, file by file."""
    serve(_prepare)


def _prepare(setup: dict[str, Any]) -> Work:
    return _read


def _read(file: dict[str, str]) -> dict[str, list[Any]]:
    reader = read_safetensors if file["name"].endswith(".safetensors") else read_torch
    return {name: tensor.to_json() for name, tensor in reader(Path(file["path"])).items()}


if __name__ == "__main__":
    main()
