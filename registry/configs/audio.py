"""Models that hear, speak, or carry sound."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from registry.configs.base import Count, Flag, InferenceParams, ModelConfig, Word, configs

AudioTask = Literal["", "asr", "tts", "codec", "music", "vad", "separation", "other"]


@configs.register
class AudioConfig(ModelConfig):
    """The sound it takes or gives (Hz, channels, mel bins) and what it does with it."""

    slug: ClassVar[str] = "audio"
    title: ClassVar[str] = "Audio model"

    task: AudioTask = ""
    sample_rate: Count | None = None
    channels: Count | None = None
    mel_bins: Count | None = None
    codec: Word = ""
    streaming: Flag | None = None
    # The longest sound of one pass, in seconds.
    window_seconds: Annotated[float, Field(strict=True, gt=0, le=1e6)] | None = None
    num_layers: Count | None = None
    hidden_size: Count | None = None
    vocab_size: Count | None = None

    def inference_params(self) -> InferenceParams:
        """Return the sound it wants."""
        names = ("sample_rate", "channels", "window_seconds")
        told = {name: getattr(self, name) for name in names}
        return InferenceParams(additional={k: v for k, v in told.items() if v is not None})
