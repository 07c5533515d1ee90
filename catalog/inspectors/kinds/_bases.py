"""What add-ons of picture models must match: the family, by classes and shapes of parts.

Names are those that people who share such models use: SD 1.5 stands for all of 1.x, SD 2.1 for all
of 2.x, since their add-ons fit each other.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_text

# The beginning of class names, where people write a family in another way.
_WRITTEN: Final[Mapping[str, str]] = {
    "StableDiffusionXL": "SDXL",
    "StableDiffusion3": "SD 3",
    "SD3": "SD 3",
    "StableCascade": "Stable Cascade",
    "StableVideoDiffusion": "SVD",
    "Flux": "FLUX.1",
    "Flux2": "FLUX.2",
    "PixArtAlpha": "PixArt Alpha",
    "PixArtSigma": "PixArt Sigma",
    "QwenImage": "Qwen-Image",
    "ZImage": "Z-Image",
    "HiDreamImage": "HiDream",
    "KandinskyV22": "Kandinsky 2.2",
    "Kandinsky3": "Kandinsky 3",
    "LTXVideo": "LTX",
    "LTX2Video": "LTX-2",
    "MotionAdapter": "AnimateDiff",
    "UNetSpatioTemporalCondition": "SVD",
    "UNetMotion": "AnimateDiff",
    "IF": "DeepFloyd IF",
    "ChronoEdit": "ChronoEdit",
}
# Classes that many families share tell nothing by themselves.
_SHARED: Final = frozenset(
    {"", "UNet", "UNet2DCondition", "UNet3DCondition", "DiT", "StableDiffusion", "ControlNet"}
    | {"DDPM", "DDIM", "PNDM", "LDM", "LatentConsistencyModel", "ConsistencyModel", "Prior"}
    | {"TextToVideoSD", "VideoToVideoSD", "PixArt", "Diffusion", "ControlNetXS", "OnnxRuntime"}
)
_SHAPED: Final = ("UNet2DCondition", "ControlNetModel", "UNetControlNetXS")
_END = re.compile(r"(Transformer)?([23]D)?(Model|Pipeline)$|Transformer$|UNet$")
# What a pipeline does with the family, behind its name.
_USE = re.compile(
    r"(?<=\w)(Img2Img|Image2Image|Inpaint(ing)?|ControlNet|Control|Adapter|PAG|Prior|Decoder"
    r"|Combined|Fill|Kontext|Redux|Edit|Upscale|InstructPix2Pix|TextToVideo|ImageToVideo"
    r"|VideoToVideo|TextToImage|LatentUpsample|Condition|SDXL|Plus|Omni|Klein)\w*$"
)
Shape = tuple[int, tuple[int, ...]]
_FOUR: Final = (320, 640, 1280, 1280)
# UNets by the width of what they attend to, and of their stages.
_UNETS: Final[Mapping[Shape, str]] = {
    (768, _FOUR): "SD 1.5",
    (1024, _FOUR): "SD 2.1",
    (2048, (320, 640, 1280)): "SDXL",
    (1280, (384, 768, 1536, 1536)): "SDXL Refiner",
}
# Names of repositories and tags that an add-on gives as its base; the first that fits.
_TOLD: Final = tuple(
    (re.compile(pattern, re.IGNORECASE), name)
    for pattern, name in (
        (r"flux[._-]?2", "FLUX.2"),
        (r"flux[._-]?1|^flux$|^flux-diffusers$", "FLUX.1"),
        (r"stable-diffusion-xl-refiner|sdxl-refiner", "SDXL Refiner"),
        (r"stable-diffusion-xl|(^|[/_-])sdxl", "SDXL"),
        (r"stable-diffusion-3[._-]5|^sd3[._]5", "SD 3.5"),
        (r"stable-diffusion-3|^sd3$", "SD 3"),
        (r"stable-diffusion-(v)?2", "SD 2.1"),
        (r"stable-diffusion-(v)?1[._-]|(^|[/_-])sd-?v?1[._-]?5", "SD 1.5"),
        (r"(^|/)qwen-image", "Qwen-Image"),
        (r"(^|/)z-image", "Z-Image"),
    )
)


def base_of(class_name: str, part: JsonObject) -> str:
    """Return the family of a pipeline or of a part of one; '' where it cannot be told.

    `part` are the settings of what denoises: its class and shape count more than the pipeline's
    name, which others borrow.
    """
    own = as_text(part.get("_class_name"))
    if own.startswith(_SHAPED):
        return _unet(part) or _by_class(class_name)
    if own.startswith("SD3"):
        return "SD 3.5" if part.get("qk_norm") else "SD 3"
    return _by_class(own) or _by_class(class_name)


def told_base(texts: Iterable[str]) -> str:
    """Return the family that a repository's name or a tag tells; '' where none does."""
    found = (name for text in texts for form, name in _TOLD if form.search(text))
    return next(found, "")


def _unet(part: JsonObject) -> str:
    if part.get("encoder_hid_dim") is not None:
        return ""
    width = as_count(part.get("cross_attention_dim"))
    stages = part.get("block_out_channels")
    if width is None or not isinstance(stages, list):
        return ""
    return _UNETS.get((width, tuple(as_count(stage) or 0 for stage in stages[:10])), "")


def _by_class(name: str) -> str:
    stem = _END.sub("", name, count=1)
    for known in (stem, _USE.sub("", stem)):
        if known in _SHARED:
            return ""
        if known in _WRITTEN:
            return _WRITTEN[known]
    left = _USE.sub("", stem)
    return "" if left.startswith("StableDiffusion") else left  # 1.x and 2.x share these
