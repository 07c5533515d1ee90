"""Django admin for curators: search and look at everything, change only what is safe to change."""

from registry.admin import (
    audit,
    collected,
    devices,
    gates,
    models,
    names,
    notices,
    people,
    schedule,
    versions,
)

__all__ = [
    "audit",
    "collected",
    "devices",
    "gates",
    "models",
    "names",
    "notices",
    "people",
    "schedule",
    "versions",
]
