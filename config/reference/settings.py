"""docs/settings.md: every field of `config.settings.env.Environment`, with type and default."""

from __future__ import annotations

from pathlib import Path
from types import UnionType
from typing import Literal, get_args, get_origin

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from config.settings.env import BASE_DIR, Environment

HEAD = """# Settings

Made from `config/settings/env.py` and `config/settings/env_hub.py` by `make docs`; change it there.

A setting is taken from the first place that names it: the command line of make
(`make up MODELS_DIR=/data/models`), the environment, then the file `config.yaml` in the folder that
the program starts in, which for `make` is the project's (`CONFIG_FILE` names another file), then
what a running `make up` left in `STATE_DIR/run/services.json` (so that commands beside it find its
services), then the default. An empty value counts as not set; a value of the
wrong type stops the start with the name of the setting. None is needed to start. Lists are words
with commas or spaces between them, in YAML lists as well.

The programs of `make up` get all settings through their environment. Containers are given theirs in
`docker-compose.yml`; see [operations.md](operations.md).
"""
GROUPS: dict[str, tuple[str, ...]] = {
    "The yard and its address": (
        "APP_NAME",
        "APP_PORT",
        "BIND_ADDRESS",
        "PUBLIC_URL",
        "ALLOWED_HOSTS",
        "TRUST_FRONT",
        "OPEN_CATALOG",
        "DEFAULT_ENTRIES",
    ),
    "State and services": ("STATE_DIR", "DATABASE_URL", "REDIS_URL", "SECRET_KEY"),
    "Processes and logs": (
        "WEB_WORKERS",
        "WEB_THREADS",
        "WORKER_THREADS",
        "LOG_FORMAT",
        "DEBUG",
        "SKIP_SYSTEM_PACKAGES",
    ),
    "Where models come from": (
        "HF_ENDPOINT",
        "HF_TOKEN",
        "CIVITAI_ENDPOINT",
        "CIVITAI_TOKEN",
        "BUDCONNECT_URL",
        "BUDCONNECT_ALLOW",
        "UPSTREAM_ALLOW",
        "REQUEST_TIMEOUT",
        "MODEL_UPDATE_INTERVAL",
        "UPDATE_CHECKS_PER_MINUTE",
    ),
    "Language models that read cards": (
        "OPENAI_API_KEY",
        "OPENAI_BASE_URL",
        "OPENAI_COMPATIBLE_API_KEY",
        "PERPLEXITY_API_KEY",
        "PERPLEXITY_BASE_URL",
        "LLM_MODEL",
        "LLM_TIMEOUT",
        "LLM_RUN_TOKENS",
        "LLM_PRIVATE_CARDS",
    ),
    "Models of your own": (
        "MODELS_DIR",
        "MODELS_FILE",
        "LOCAL_IMPORT",
        "LOCAL_SCAN_INTERVAL",
        "MINIMAL_MODELS",
        "SKIP_MODEL_DOWNLOADS",
        "VOSK_MODEL_PATH",
        "UPLOAD_MAX_BYTES",
        "UPLOAD_EXPIRES",
        "BUNDLE_KEY",
    ),
    "Where contents are kept": (
        "STORE_DIR",
        "MINIO_ENDPOINT",
        "MINIO_ACCESS_KEY",
        "MINIO_SECRET_KEY",
        "MINIO_BUCKET",
        "MINIO_PUBLIC_ENDPOINT",
        "MODEL_CACHE_SIZE",
        "GC_GRACE",
        "GC_INTERVAL",
        "WITHDRAWN_KEPT_DAYS",
        "VERIFY_RATE",
        "DISK_WARN_PERCENT",
        "DISK_PAUSE_PERCENT",
        "IO_PRESSURE_LIMIT",
    ),
    "Downloads and scans": (
        "ARIA2_RPC_URL",
        "ARIA2_RPC_SECRET",
        "CLAMD_SOCKET",
        "CLAMD_HOST",
        "CLAMD_PORT",
        "SCAN_TIMEOUT",
        "WAIVER_MAX_DAYS",
        "RESCAN_INTERVAL",
        "RESCAN_SIGNATURES_AFTER",
        "RESCAN_RATE",
    ),
    "The Hub protocol": (
        "BYTES_BY",
        "BYTES_HOST",
        "BYTES_SIGNED_FOR",
        "STREAM_WORKERS",
        "HUB_RATE_API",
        "HUB_RATE_FILES",
        "HUB_RATE_PAGES",
        "HUB_RATE_WINDOW",
        "HUB_CLIENTS_DIR",
        "HUB_PULL_THROUGH",
        "USAGE_KEPT_DAYS",
    ),
    "Notices": ("NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_SECRET"),
    "Background runs": ("RUN_LEASE", "SWEEP_INTERVAL"),
}
TABLE = "| setting | type | default | meaning |\n|---|---|---|---|\n"
_TYPES: dict[object, str] = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    Path: "path",
    SecretStr: "secret",
}


def page() -> str:
    """Build the page; a field that no group names, or a name without a field, is an error."""
    fields = dict(Environment.model_fields)
    parts = [HEAD]
    for title, names in GROUPS.items():
        parts += [
            f"\n## {title}\n\n",
            "| setting | type | default | meaning |\n|---|---|---|---|\n",
        ]
        parts += [_row(name, fields.pop(name)) for name in names]
    if fields:
        raise LookupError(f"In no group of config/reference/settings.py: {', '.join(fields)}")
    return "".join(parts)


def _row(name: str, field: FieldInfo) -> str:
    words = (field.description or "").replace("|", "\\|")
    return f"| `{name}` | {_type(field)} | {_default(field)} | {words} |\n"


def _type(field: FieldInfo) -> str:
    kind: object = field.annotation
    if get_origin(kind) is list:
        return "list"
    if get_origin(kind) is Literal:
        return " or ".join(f"`{value}`" for value in get_args(kind))
    if isinstance(kind, UnionType):
        kind = next(one for one in get_args(kind) if one is not type(None))
    bounds = [_bound(limit) for limit in field.metadata]
    return " ".join([_TYPES[kind], *filter(None, bounds)])


def _bound(limit: object) -> str:
    """Say a bound of the field's type, such as `>= 1`."""
    signs = {"ge": ">=", "gt": ">", "le": "<=", "lt": "<"}
    return " ".join(
        f"{sign} {getattr(limit, name)}" for name, sign in signs.items() if hasattr(limit, name)
    )


def _default(field: FieldInfo) -> str:
    value = field.get_default(call_default_factory=True)
    if isinstance(value, SecretStr):
        value = value.get_secret_value()
    if value is None or value in ("", []):
        return "empty"
    if isinstance(value, list):
        return f"`{','.join(value)}`"
    if isinstance(value, bool):
        return f"`{str(value).lower()}`"
    if isinstance(value, Path):
        return f"`./{value.relative_to(BASE_DIR)}`"
    return f"`{value}`"
