"""Which program asked, by its User-Agent: one of a few families, so that sums stay few."""

from __future__ import annotations

import re
from typing import Final

OTHER: Final = "other"
# The first of these that the text names: what builds on a library comes before the library.
_NAMES: Final = (
    ("sentence-transformers", "sentence-transformers"),
    ("sentence_transformers", "sentence-transformers"),
    ("diffusers", "diffusers"),
    ("vllm", "vllm"),
    ("text-generation-inference", "tgi"),
    ("transformers", "transformers"),
    ("llama-cpp", "llama.cpp"),
    ("llama.cpp", "llama.cpp"),
    ("ollama", "ollama"),
    ("hf_hub", "huggingface_hub"),
    ("huggingface_hub", "huggingface_hub"),
    ("modelyard", "modelyard"),
    ("aria2", "aria2"),
    ("curl", "curl"),
    ("wget", "wget"),
    ("git-lfs", "git-lfs"),
    ("mozilla", "browser"),
)
_PRODUCT: Final = re.compile(r"(?:^|[\s;,(])([a-z0-9._-]+)(?=[/\s;,)]|$)")


def family_of(client: str) -> str:
    """Give the family; `other` for what no line names."""
    products = set(_PRODUCT.findall(client.lower()[:200]))
    return next((family for name, family in _NAMES if name in products), OTHER)
