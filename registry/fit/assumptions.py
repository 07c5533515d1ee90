"""What the calculation takes for granted: named constants with their reasons, shown to readers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

MIB: Final = 1 << 20
GIB: Final = 1 << 30


@dataclass(frozen=True, slots=True)
class Assumption:
    """A number, what it means in words, and why it is that one."""

    value: float
    text: str
    reason: str


GPU_SHARE: Final = Assumption(
    0.90,
    "90 % of a GPU's memory are used",
    "what vLLM takes unless told otherwise (gpu_memory_utilization)",
)
APPLE_SHARE: Final = Assumption(
    0.75,
    "75 % of a Mac's memory go to the GPU",
    "what Metal gives it by default (recommendedMaxWorkingSetSize)",
)
SMALL_APPLE_SHARE: Final = Assumption(
    2 / 3,
    "two thirds of a Mac's memory go to the GPU, up to 32 GB",
    "what Metal gives it by default (recommendedMaxWorkingSetSize)",
)
SMALL_APPLE: Final = 32 * GIB
CPU_SHARE: Final = Assumption(
    0.80,
    "80 % of a computer's memory are used",
    "the system, its file cache and other programs need the rest",
)
OVERHEAD: Final = Assumption(
    512 * MIB,
    "each device keeps 0.5 GiB for the runtime itself",
    "the context of CUDA, ROCm or Metal and the workspaces of their libraries",
)
PREFILL_TOKENS: Final = Assumption(
    2048,
    "2 048 tokens of all requests go through a layer at once",
    "the piece in which vLLM and llama.cpp read a long prompt unless told otherwise",
)
# One layer is at work at a time. At its widest it holds, for each token, its input, the residual,
# the normed input and the attention's output (as wide as the model), and in the feed-forward part
# the gate, the raised values and their product (as wide as that part).
WIDTHS: Final = Assumption(
    4,
    "a layer at work holds 4 times its width and 3 times its inner width for a token, at 16 bits",
    "input, residual, norm and attention; gate, raised values and their product; no layer keeps"
    " them for the next, and attention is computed in blocks (FlashAttention)",
)
INNER_WIDTHS: Final = 3
WORKING_BYTES: Final = 2
LOGIT_BYTES: Final = (
    4  # scores of the whole vocabulary, at 32 bits, for the last token of a request
)
PIXEL_BYTES: Final = Assumption(
    2560,
    "2 560 bytes for each pixel of a picture",
    "five maps of 256 channels at 16 bits: the widest place of the decoder that SD and SDXL share",
)
OTHER_SHARE: Final = Assumption(
    0.20,
    "20 % of the weights, at least 0.25 GiB, for all that is worked on",
    "the configuration tells no widths; Hugging Face's estimate adds as much for inference",
)
OTHER_LEAST: Final = 256 * MIB
STORED_WEIGHTS: Final = Assumption(
    1,
    "weights take in memory what they take on disk",
    "runtimes keep the number format that is stored, unless they are told to pack them",
)
COMPUTED_WEIGHTS: Final = Assumption(
    1,
    "the weights' size is their number times the bytes of their format",
    "no file tells the size",
)
EVEN_SPLIT: Final = Assumption(
    1,
    "several devices share weights evenly, and the cache by heads of keys and values",
    "tensor parallelism; a cache of latent vectors, and what is worked on, is whole on each device",
)
