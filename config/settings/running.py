"""The addresses of the embedded services, for commands run beside a yard that is up."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, PydanticBaseSettingsSource


class RunningServices(PydanticBaseSettingsSource):
    """Settings that `make up` left in STATE_DIR; any other place that names one comes first."""

    def __init__(self, settings_cls: type[BaseSettings], *, default_state: Path) -> None:
        super().__init__(settings_cls)
        self.default_state = default_state

    def get_field_value(self, field: FieldInfo, field_name: str) -> tuple[Any, str, bool]:
        return self().get(field_name), field_name, False

    def __call__(self) -> dict[str, Any]:
        state = Path(self.current_state.get("STATE_DIR") or self.default_state)
        try:
            addresses: dict[str, Any] = json.loads((state / "run" / "services.json").read_text())
        except (FileNotFoundError, PermissionError):
            return {}  # no yard was started here, or it is another user's
        return addresses
