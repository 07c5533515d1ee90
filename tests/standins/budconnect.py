"""A BudConnect of the test's own: details of hosted models, the list of them, and its faults."""

from __future__ import annotations

import json
from types import TracebackType
from typing import Any
from urllib.parse import quote

from tests.standins.files import FileServer, Served

LIST = "/model/"
FULL: dict[str, Any] = {
    "id": "0e7c1f5e-6a3b-4a44-9a2a-5ce0a3f4b001",
    "uri": "openai/gpt-4o",
    "provider_name": "OpenAI",
    "provider_type": "openai",
    "description": "A model that reads text and pictures and writes text.",
    "modality": ["text_input", "image_input", "text_output"],
    "endpoints": ["/v1/chat/completions", "/v1/responses"],
    "tags": ["chat", "vision"],
    "tasks": ["text-generation"],
    "languages": ["en", "de"],
    "use_cases": ["Support"],
    "advantages": ["Fast"],
    "disadvantages": ["Closed weights"],
    "papers": [{"title": "System card", "authors": ["OpenAI"], "url": "https://example.org/p"}],
    "website_url": "https://example.org/gpt-4o",
    "logo_url": "javascript:alert(1)",
    "architecture": {"family": "gpt", "num_params": None, "text_config": {"vocab_size": 200019}},
    "model_tree": {"base_model": ["openai/gpt-4"]},
    "license": {"key": "proprietary", "name": "Proprietary", "type": "closed"},
    "tokens": {"max_input_tokens": 128000, "max_output_tokens": 16384},
    "features": {"supports_function_calling": True, "supports_reasoning": None},
    "input_cost": {"input_cost_per_token": 2.5e-06},
    "evaluations": [{"name": "mmlu", "score": 88.7}],
    "extraction_metadata": {"model": "x"},
    "created_at": "2026-01-01T00:00:00",
    "modified_at": "2026-01-02T00:00:00",
    "chat_template": None,
}


class BudConnect:
    """Serve details by the name of a model; what is not told is 404, as a JSON error."""

    def __init__(self) -> None:
        self.server = FileServer()
        self._listed: dict[str, dict[str, Any]] = {}

    @property
    def url(self) -> str:
        return self.server.base

    def tell(self, **details: Any) -> Served:
        """Serve a model's details; give the page, whose faults can be set."""
        told = {**FULL, **details}
        self.list(**told)
        return self.say(str(told["uri"]), json.dumps(told).encode())

    def say(self, uri: str, body: bytes) -> Served:
        """Serve these bytes as the details of a model."""
        served = Served(body, ranges=False)
        self.server.add(f"/model/models/{quote(uri)}/details", served)
        return served

    def list(self, **details: Any) -> None:
        """Have a model in the list alone, where less is told of it."""
        short = ("id", "uri", "provider_name", "provider_type", "modality", "endpoints", "tokens")
        given = {**FULL, **details}
        self._listed[str(given["uri"])] = {name: given[name] for name in short}
        body = {"models": list(self._listed.values()), "total": len(self._listed), "page": 1}
        self.server.add(LIST, Served(json.dumps(body).encode(), ranges=False))

    def asked(self) -> list[str]:
        with self.server.lock:
            return [seen.path for seen in self.server.seen]

    def __enter__(self) -> BudConnect:
        self.server.__enter__()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.server.__exit__(kind, error, trace)
