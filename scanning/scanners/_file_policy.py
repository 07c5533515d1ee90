"""Which endings and sizes files may have: data that a caller may give in another form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from scanning.scanners._executables import MACHINE_SUFFIXES

_GIGABYTE = 1 << 30
_MEGABYTE = 1 << 20
_ALLOWED = """
.safetensors .bin .pt .pth .pt2 .ptl .ckpt .pkl .pickle .p .pk .joblib .jbl .dill .dat .data .npy
.npz .sav .mdl .th .h5 .hdf5 .keras .weights .pb .pbtxt .index .onnx .onnx_data .ort .tflite .lite
.gguf .ggml .ggmlv3 .q4_0 .msgpack .ot .model .spm .vocab .bpe .tiktoken .mlmodel .mlpackage
.mlmodelc .engine .plan .xml .param .rknn .nemo .mar .skops .rds .rdata .llamafile .gz .bz2 .xz
.zst .lz4 .zip .tar .tgz .7z .txt .md .rst .json .jsonl .yaml .yml .toml .cfg .ini .conf .csv .tsv
.parquet .arrow .jinja .jinja2 .j2 .py .pyi .ipynb .html .css .svg .png .jpg .jpeg .gif .webp .bmp
.ico .pdf .tex .bib .wav .mp3 .flac .ogg .m4a .mp4 .webm .avi .mov .ttf .otf .woff .woff2 .proto
.gitattributes .gitignore .gitkeep .license .lock .fst .far .mat .ark .scp .dict .lm .arpa .conll
.spacy .cu .cuh .cpp .cc .c .h .hpp .tokens .merges .uint8 .idx .faiss .ann .db .hnsw .pdparams
.pdmodel .pdiparams .pdopt .params .symbol .caffemodel .prototxt .cfg .names .wts .trt .mnn .tmfile
"""
_MAX_BYTES_OF = {
    ".md": 64 * _MEGABYTE,
    ".py": 16 * _MEGABYTE,
    ".jinja": 16 * _MEGABYTE,
    ".yaml": 256 * _MEGABYTE,
    ".yml": 256 * _MEGABYTE,
}


@dataclass(frozen=True, slots=True)
class FilePolicy:
    """`allowed` empty lets every ending pass that is not refused; no ending at all always may."""

    refused: frozenset[str] = MACHINE_SUFFIXES
    allowed: frozenset[str] = frozenset([*_ALLOWED.split(), ""])
    max_bytes: int = 512 * _GIGABYTE
    max_bytes_of: Mapping[str, int] = field(default_factory=lambda: dict(_MAX_BYTES_OF))

    def to_json(self) -> dict[str, Any]:
        return {
            "refused": sorted(self.refused),
            "allowed": sorted(self.allowed),
            "max_bytes": self.max_bytes,
            "max_bytes_of": dict(self.max_bytes_of),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> FilePolicy:
        return cls(
            refused=frozenset(data["refused"]),
            allowed=frozenset(data["allowed"]),
            max_bytes=int(data["max_bytes"]),
            max_bytes_of={str(key): int(size) for key, size in data["max_bytes_of"].items()},
        )
