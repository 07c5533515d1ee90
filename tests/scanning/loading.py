"""How libraries load files of other formats than pickles; asked for in a child of `firing`."""

from __future__ import annotations

import importlib
import json
import pickle
import runpy
import tarfile
import zipfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

MESSAGES = [{"role": "user", "content": "words"}, {"role": "assistant", "content": "more"}]


def _module(name: str) -> Any:
    return importlib.import_module(name)


def _numpy(path: Path) -> None:
    _module("numpy").load(path, allow_pickle=True)


def _npz(path: Path) -> None:
    with _module("numpy").load(path, allow_pickle=True) as arrays:
        for name in arrays.files:
            _quietly(lambda name=name: arrays[name])


def _torch(path: Path) -> None:
    _module("torch").load(path, map_location="cpu", weights_only=False)


def _joblib(path: Path) -> None:
    _module("joblib").load(path)


def _safetensors(path: Path) -> None:
    _module("safetensors.numpy").load_file(path)


def _template(path: Path, environment: Any) -> None:
    template = environment.from_string(path.read_text())
    template.render(messages=MESSAGES, bos_token="", eos_token="", add_generation_prompt=True)


def _sandboxed_template(path: Path) -> None:
    """As transformers does."""
    sandbox = _module("jinja2.sandbox").ImmutableSandboxedEnvironment
    _template(path, sandbox(trim_blocks=True, lstrip_blocks=True, extensions=_LOOPS))


def _plain_template(path: Path) -> None:
    """As llama-cpp-python did (CVE-2024-34359)."""
    _template(path, _module("jinja2").Environment(extensions=_LOOPS))


def _python(path: Path) -> None:
    runpy.run_path(str(path))


def _zip(path: Path) -> None:
    with zipfile.ZipFile(path) as archive:
        for member in archive.infolist():
            _quietly(lambda member=member: _unpickle(archive.open(member)))


def _tar(path: Path) -> None:
    with tarfile.open(path, "r:*", ignore_zeros=True) as archive:
        for member in archive:
            _quietly(lambda member=member: _unpickle(archive.extractfile(member)))


def _unpickle(stream: Any) -> None:
    pickle.load(stream)  # noqa: S301 in a child that ends at the first act


def _keras(path: Path) -> None:
    _module("keras").models.load_model(path, safe_mode=False, compile=False)


def _h5(path: Path) -> None:
    with _module("h5py").File(path) as file:
        config = json.loads(file.attrs["model_config"])
    _module("keras").saving.deserialize_keras_object(config, safe_mode=False)


def _quietly(load: Callable[[], object]) -> None:
    """A reader of many members goes on behind a broken one."""
    with suppress(Exception):
        load()


_LOOPS = ["jinja2.ext.loopcontrols"]
LOADERS: dict[str, Callable[[Path], None]] = {
    "npy": _numpy,
    "npz": _npz,
    "torch.load": _torch,
    "joblib": _joblib,
    "safetensors": _safetensors,
    "jinja sandbox": _sandboxed_template,
    "jinja": _plain_template,
    "python": _python,
    "zip": _zip,
    "tar": _tar,
    "keras": _keras,
    "h5": _h5,
}
NEEDS = {
    "npy": "numpy", "npz": "numpy", "torch.load": "torch", "joblib": "joblib",
    "safetensors": "safetensors.numpy", "jinja": "jinja2", "jinja sandbox": "jinja2.sandbox",
    "keras": "keras", "h5": "h5py",
}  # fmt: skip
