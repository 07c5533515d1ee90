"""The lines of diffusers: pipelines, single files, and what is added to a pipeline."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import Final

from catalog.pages.snippets.pinned import PINNED, Pinned, literal
from registry.configs import ModelConfig
from registry.configs.generations import generation_of, is_folder, type_of
from registry.configs.image import ImageConfig

_PIPELINES: Final = {
    "SDXL": "StableDiffusionXLPipeline",
    "SD 1 or 2": "StableDiffusionPipeline",
    "SD 3": "StableDiffusion3Pipeline",
    "FLUX.1": "FluxPipeline",
}
_PARTS: Final = {"vae": "AutoencoderKL", "controlnet": "ControlNetModel"}
_IMPORT_HUB: Final = "from huggingface_hub import hf_hub_download\n"


def diffusers(pinned: Pinned) -> str:
    config = pinned.config
    if is_folder(config):
        return (
            f"{pinned.python}from diffusers import DiffusionPipeline\n\n"
            f"{pinned.names}pipeline = DiffusionPipeline.from_pretrained({PINNED})"
        )
    path = next(iter(config.files), "")
    write = {"lora": _lora, "embedding": _embedding}.get(type_of(config), _single_file)
    return write(pinned, path) if path else ""


def _single_file(pinned: Pinned, path: str) -> str:
    """diffusers takes the configuration of its parts from the repository of the base model."""
    kind, made = type_of(pinned.config), generation_of(pinned.config)
    name = _PIPELINES.get(made, "") if kind == "checkpoint" else _PARTS.get(kind, "")
    if not name:
        return ""
    return (
        f"{pinned.python}# the settings of its parts are read from a repository of {made}\n"
        f"from diffusers import {name}\n{_IMPORT_HUB}\n{pinned.names}"
        f"{'pipeline' if kind == 'checkpoint' else 'part'} = {name}.from_single_file(\n"
        f"    {pinned.file(path)}\n)"
    )


def _lora(pinned: Pinned, path: str) -> str:
    named = f"weight_name={literal(path)}"
    return f"{_with_base(pinned)}pipeline.load_lora_weights({PINNED}, {named})"


def _embedding(pinned: Pinned, path: str) -> str:
    """An embedding for SDXL in safetensors is two tensors, one for each of its text encoders."""
    made, token = generation_of(pinned.config), literal(_token(pinned.config, path))
    if made == "SD 1 or 2":
        return (
            f"{_with_base(pinned)}pipeline.load_textual_inversion(\n"
            f"    {PINNED}, weight_name={literal(path)}, token={token}\n)"
        )
    if made != "SDXL" or not path.endswith(".safetensors"):
        return ""
    return (
        f"{_with_base(pinned, f'{_IMPORT_HUB}from safetensors.torch import load_file{chr(10)}')}"
        f"words = load_file({pinned.file(path)})\n"
        f'pipeline.load_textual_inversion(\n    words["clip_l"], token={token},\n'
        "    text_encoder=pipeline.text_encoder, tokenizer=pipeline.tokenizer,\n)\n"
        f'pipeline.load_textual_inversion(\n    words["clip_g"], token={token},\n'
        "    text_encoder=pipeline.text_encoder_2, tokenizer=pipeline.tokenizer_2,\n)"
    )


def _with_base(pinned: Pinned, imports: str = "") -> str:
    """Load what it is added to; the base has to be here as well, under its own name."""
    known = next((base.repo_id for base in pinned.config.base_models), "")
    base = literal(known) if known else '"org/base"'
    made = generation_of(pinned.config)
    hint = "" if known else f"# org/base: a pipeline of {made or 'its base model'}\n"
    return (
        f"{pinned.python}{hint}from diffusers import DiffusionPipeline\n{imports}\n{pinned.names}"
        f"pipeline = DiffusionPipeline.from_pretrained({base})\n"
    )


def _token(config: ModelConfig, path: str) -> str:
    words = config.trigger_words if isinstance(config, ImageConfig) else ()
    return next(iter(words), PurePosixPath(path).stem)
