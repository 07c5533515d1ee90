"""ONNX Runtime: graphs of any kind of model, on any machine."""

from __future__ import annotations

from typing import ClassVar

from registry.configs.base import ModelConfig
from registry.runtimes._rules import wrong_format
from registry.runtimes.base import Runtime, RuntimeFacts, runtimes


@runtimes.register
class OnnxRuntime(Runtime):
    """Reads ONNX graphs."""

    slug: ClassVar[str] = "onnx_runtime"
    title: ClassVar[str] = "ONNX Runtime"

    def refusal(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return wrong_format(
            config, ("onnx",), self.title, "export it with Optimum or take a build with ONNX"
        )

    def grounds(self, config: ModelConfig, facts: RuntimeFacts) -> str:
        return "It has ONNX graphs, which ONNX Runtime loads."
