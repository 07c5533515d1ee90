"""The contract of runtimes: a yes or no for each configuration, always with its reason."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING, ClassVar, Final

from core.plugins import PluginRegistry

if TYPE_CHECKING:  # configurations answer for themselves by way of this file
    from registry.configs.base import ModelConfig


@dataclass(frozen=True, slots=True)
class Compatibility:
    """Whether a runtime can run a model; `reason` is one sentence that a person can act on."""

    runtime: str
    compatible: bool
    reason: str


@dataclass(frozen=True, slots=True)
class Collected:
    """A list of names as its source had it that day."""

    names: frozenset[str]
    source: str
    on: date

    @property
    def described(self) -> str:
        """Say where it is from and when it was read there."""
        return f"collected on {self.on.day} {self.on:%B %Y} from {self.source}"


@dataclass(frozen=True, slots=True)
class RuntimeFacts:
    """What was collected about runtimes elsewhere; None where nobody has looked.

    `generation` rises whenever a list changes.
    """

    vllm_architectures: Collected | None = None
    generation: int = 0


NOTHING_COLLECTED: Final = RuntimeFacts()


class Runtime(ABC):
    """One runtime. What its rules do not know is a no that says so."""

    slug: ClassVar[str]
    title: ClassVar[str]

    @abstractmethod
    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        """Say why it cannot run the model, or why that is not known; '' when it can."""

    @abstractmethod
    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        """Say on what it rests that it can; asked only where nothing refuses."""

    def judge(self, config: ModelConfig, facts: RuntimeFacts = NOTHING_COLLECTED) -> Compatibility:
        """Answer for one configuration."""
        refused = self.refusal(config, facts)
        return Compatibility(self.slug, not refused, refused or self.grounds(config, facts))


runtimes: PluginRegistry[Runtime] = PluginRegistry("runtime", package="registry.runtimes")
