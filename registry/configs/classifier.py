"""Models that choose among labels."""

from __future__ import annotations

from typing import ClassVar, Literal

from registry.configs._encoders import EncoderConfig
from registry.configs.base import Count, Words, configs

ProblemType = Literal["", "single_label_classification", "multi_label_classification", "regression"]
Sense = Literal["", "text", "image", "audio", "video", "table"]


@configs.register
class ClassifierConfig(EncoderConfig):
    """The labels, what they are given to, and whether several hold at once."""

    slug: ClassVar[str] = "classifier"
    title: ClassVar[str] = "Classifier"

    reads: Sense = ""
    # The first 200, in the order of their numbers.
    labels: Words = ()
    num_labels: Count | None = None
    problem_type: ProblemType = ""
    image_size: Count | None = None
    sample_rate: Count | None = None
