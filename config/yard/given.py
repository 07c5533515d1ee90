"""The settings that a person gave, without the addresses that an earlier `make up` left."""

from __future__ import annotations

from pydantic_settings import BaseSettings, PydanticBaseSettingsSource

from config.settings.env import Environment
from config.settings.running import RunningServices


class GivenSettings(Environment):
    """Settings as given: an empty DATABASE_URL means that PostgreSQL is to be embedded."""

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        *sources: PydanticBaseSettingsSource,
        **named: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        every = super().settings_customise_sources(settings_cls, *sources, **named)
        return tuple(source for source in every if not isinstance(source, RunningServices))
