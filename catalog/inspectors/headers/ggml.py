"""Files of ggml before GGUF: speech models of whisper.cpp, and old language models by name."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers.gguf_types import file_type_name
from catalog.inspectors.headers.ranges import Budget, Cursor, read_named
from core.errors import InvalidInputError

HEAD: Final = 48  # a magic number and eleven of the shape
# Magic numbers as they stand in a file, lowest byte first.
WHISPER: Final = b"lmgg"
FORMS: Final = {
    b"lmgg": "ggml", b"fmgg": "ggmf", b"tjgg": "ggjt", b"algg": "ggla", b"nsgg": "ggsn",
}  # fmt: skip
# Quantized files carry the version of their quantization in thousands.
_VERSION_STEP: Final = 1000
_MELS: Final = frozenset({80, 128})
_LARGEST: Final = 1 << 20


@dataclass(frozen=True, slots=True)
class Whisper:
    """Shape of a speech model: mel bins and positions of its ears, width and depth of both parts.

    A vocabulary of 51864 tokens knows English alone, a larger one all languages.
    """

    file_type: str
    vocab_size: int
    audio_context: int
    audio_hidden_size: int
    audio_heads: int
    audio_layers: int
    text_context: int
    text_hidden_size: int
    text_heads: int
    text_layers: int
    mels: int

    @property
    def multilingual(self) -> bool:
        """Whether it knows more than English, as whisper.cpp tells it."""
        return self.vocab_size >= 51865  # noqa: PLR2004 one token more than English has


def read_whisper(reader: Reader, path: str, problems: Problems) -> Whisper | None:
    """Read the first 48 bytes of ggml-*.bin; None with a problem where they are none of whisper.

    Source of the format: whisper.cpp, `whisper_model_load`.
    """
    cursor = Cursor(reader, path, Budget(HEAD, 1))
    return read_named(path, "whisper.cpp", problems, lambda: _read(cursor.take(HEAD)))


def is_whisper(head: bytes) -> bool:
    """Tell speech models from the language models that begin with the same word."""
    try:
        _read(head)
    except InvalidInputError:
        return False
    return True


def _read(head: bytes) -> Whisper:
    numbers = [int.from_bytes(head[at : at + 4], "little") for at in range(4, HEAD, 4)]
    if head[:4] != WHISPER or len(head) < HEAD:
        raise InvalidInputError("it does not begin as one")
    *shape, kind = numbers
    audio_width, audio_heads, text_width, text_heads = (shape[place] for place in (2, 3, 6, 7))
    if not all(0 < number < _LARGEST for number in shape) or shape[9] not in _MELS:
        raise InvalidInputError("its shape is none of a speech model")
    if audio_width % audio_heads or text_width % text_heads:
        raise InvalidInputError("its heads do not divide its width")
    return Whisper(file_type_name(kind % _VERSION_STEP), *shape)
