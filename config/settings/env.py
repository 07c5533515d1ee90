"""Every setting read from outside: environment first, then `config.yaml`, then the default.

docs/settings.md lists the same names; a test compares the two. Nothing else reads the environment.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from typing import Literal, Self

from pydantic import Field, model_validator
from pydantic_settings import (
    BaseSettings,
    PydanticBaseSettingsSource,
    SettingsConfigDict,
    YamlConfigSettingsSource,
)

from config.settings.env_hub import BytesSettings
from config.settings.kinds import Address, Bytes, Secret, Words
from config.settings.running import RunningServices

BASE_DIR = Path(__file__).resolve().parents[2]


class Environment(BytesSettings):
    """Typed settings of one yard. Empty strings count as unset."""

    model_config = SettingsConfigDict(
        env_ignore_empty=True,
        extra="ignore",
        yaml_file=os.environ.get("CONFIG_FILE", "config.yaml"),
    )

    APP_NAME: str = Field("modelyard", description="Name shown in logs and in the User-Agent.")
    APP_PORT: int = Field(9083, ge=1, le=65535, description="The one port that people use.")
    BIND_ADDRESS: str = Field(
        "127.0.0.1", description="Address the front listens on; 0.0.0.0 opens it to the network."
    )
    PUBLIC_URL: str = Field(
        "", description="Address people use, such as https://yard.example.org; guessed when empty."
    )
    STATE_DIR: Path = Field(
        BASE_DIR / "var", description="All state of the embedded services, stores and logs."
    )
    DATABASE_URL: str = Field("", description="PostgreSQL to use instead of the embedded one.")
    REDIS_URL: str = Field("", description="Redis or Valkey to use instead of the embedded one.")
    SECRET_KEY: Secret = Field(
        Secret(""), description="Django secret; made once and kept in STATE_DIR when empty."
    )
    ALLOWED_HOSTS: Words = Field(
        default_factory=lambda: ["localhost", "127.0.0.1", "[::1]"],
        description="Host names the yard answers to.",
    )
    DEBUG: bool = Field(
        default=False, description="Django debug pages. Never on a machine others reach."
    )
    LOG_FORMAT: Literal["console", "json"] = Field("console", description="How log lines look.")
    TRUST_FRONT: bool = Field(
        default=False,
        description="Believe X-Forwarded-For: only behind a front that sets it itself.",
    )
    WEB_WORKERS: int = Field(2, ge=1, description="Web processes for pages and REST.")
    WEB_THREADS: int = Field(4, ge=1, description="Threads of each web process.")
    WORKER_THREADS: int = Field(4, ge=1, description="Threads of each background worker.")
    SKIP_SYSTEM_PACKAGES: bool = Field(
        default=False,
        description="Keep `make up` from installing aria2 and clamd when it runs as root.",
    )

    HF_ENDPOINT: str = Field(
        "https://huggingface.co", description="The upstream Hub that models are taken from."
    )
    HF_TOKEN: Secret = Field(Secret(""), description="Token for gated and private upstream models.")
    CIVITAI_ENDPOINT: Address = Field(
        "https://civitai.com",
        description="The CivitAI, or mirror of it, that models are taken from.",
    )
    CIVITAI_TOKEN: Secret = Field(
        Secret(""), description="Token for models that CivitAI gives to signed-in people only."
    )
    BUDCONNECT_URL: Address = Field(
        "",
        description="BudConnect-compatible catalog of hosted models, such as"
        " https://catalog.example.org; none when empty.",
    )
    BUDCONNECT_ALLOW: Words = Field(
        default_factory=list,
        description="Further catalogs that a request may name: host, host:port or an address.",
    )
    UPSTREAM_ALLOW: Words = Field(
        default_factory=list,
        description="Extra host:port that outgoing requests may reach inside private ranges.",
    )
    REQUEST_TIMEOUT: float = Field(20.0, gt=0, description="Seconds an upstream may stay silent.")

    OPENAI_API_KEY: Secret = Field(Secret(""), description="Key of OpenAI, asked first.")
    OPENAI_BASE_URL: str = Field(
        "",
        description="Any service that speaks OpenAI's protocol, such as http://localhost:8000/v1,"
        " asked last. Where OPENAI_API_KEY is set and the service has no key of its own, that key"
        " is taken to be for it, and OpenAI itself is not asked.",
    )
    OPENAI_COMPATIBLE_API_KEY: Secret = Field(
        Secret(""),
        description="Key of the service at OPENAI_BASE_URL; `none` where it wants no key and"
        " OPENAI_API_KEY is for OpenAI.",
    )
    PERPLEXITY_API_KEY: Secret = Field(Secret(""), description="Key of Perplexity, asked second.")
    PERPLEXITY_BASE_URL: str = Field(
        "https://api.perplexity.ai", description="Where Perplexity is reached."
    )
    LLM_MODEL: Words = Field(
        default_factory=list,
        description="Model to ask: one name for the first provider, or `openai=NAME`,"
        " `perplexity=NAME` and `compatible=NAME`; a common small one of each when empty.",
    )
    LLM_TIMEOUT: float = Field(60.0, gt=0, description="Seconds that one answer may take in all.")
    LLM_RUN_TOKENS: int = Field(
        20_000, ge=4_000, description="Tokens one analysis may use, answers and retries included."
    )
    LLM_PRIVATE_CARDS: bool = Field(
        default=False,
        description="Send the cards of private models, uploads and local folders to them as well.",
    )

    MODELS_DIR: Path = Field(
        BASE_DIR / "models", description="Folder with models of your own that the yard finds."
    )
    MODELS_FILE: str = Field(
        "models.txt",
        description="List of models to bring in, one a line; a relative name is below MODELS_DIR.",
    )
    LOCAL_IMPORT: bool = Field(
        default=False, description="Import what is found in MODELS_DIR without being asked."
    )
    LOCAL_SCAN_INTERVAL: float = Field(
        300.0, gt=0, description="Seconds between two looks at MODELS_DIR and MODELS_FILE."
    )
    MINIMAL_MODELS: bool = Field(
        default=False, description="Bring in the minimal set of models by itself."
    )
    SKIP_MODEL_DOWNLOADS: bool = Field(
        default=False, description="Stop every download that no person asked for."
    )
    VOSK_MODEL_PATH: Path | None = Field(
        None, description="Folder of a VOSK speech model on this machine, used as it is."
    )
    UPLOAD_MAX_BYTES: int = Field(
        200_000_000_000, gt=0, description="Largest upload of one model, all files together."
    )
    UPLOAD_EXPIRES: int = Field(
        86_400, gt=0, description="Seconds after its last byte that an unfinished upload is kept."
    )

    BUNDLE_KEY: Path | None = Field(
        None,
        description="File of the key that signs bundles; STATE_DIR/secrets/bundle.pem when empty.",
    )
    MODEL_UPDATE_INTERVAL: int = Field(
        86400, ge=60, description="Seconds between two looks at a model's source for news."
    )
    UPDATE_CHECKS_PER_MINUTE: int = Field(
        30, ge=1, description="Looks for news in one minute, all models together."
    )

    ARIA2_RPC_URL: str = Field(
        "", description="aria2 to use, such as http://127.0.0.1:6800/jsonrpc."
    )
    ARIA2_RPC_SECRET: Secret = Field(Secret(""), description="Secret of that aria2.")
    CLAMD_SOCKET: str = Field("", description="Unix socket of clamd.")
    CLAMD_HOST: str = Field("", description="Host of clamd when it listens on TCP.")
    CLAMD_PORT: int = Field(3310, description="Port of clamd when it listens on TCP.")
    SCAN_TIMEOUT: int = Field(900, gt=0, description="Seconds one engine may take for one file.")
    WAIVER_MAX_DAYS: int = Field(
        90, gt=0, le=3650, description="Days that a finding can be accepted for at most."
    )
    RESCAN_INTERVAL: float = Field(
        300.0, ge=0, description="Seconds between two looks for new engines; 0 never scans again."
    )
    RESCAN_SIGNATURES_AFTER: int = Field(
        0, ge=0, description="Seconds that an answer of older signatures is left before a re-scan."
    )
    RESCAN_RATE: Bytes = Field(
        100_000_000, ge=0, description="Bytes per second that re-scans look at; 0 for all they can."
    )
    NOTIFY_WEBHOOK_URL: Secret = Field(
        Secret(""), description="Where notices are sent as JSON by POST; its path counts as secret."
    )
    NOTIFY_WEBHOOK_SECRET: Secret = Field(
        Secret(""), description="Signs what is sent there (HMAC-SHA256); needed with the address."
    )

    OPEN_CATALOG: bool = Field(
        default=False, description="Let callers who have not signed in browse the lite catalog."
    )
    DEFAULT_ENTRIES: bool = Field(
        default=True,
        description="List a few well-known models in a new yard; nothing of them is downloaded.",
    )
    RUN_LEASE: int = Field(
        60, gt=0, description="Seconds without a heartbeat after which a run is resumed."
    )
    SWEEP_INTERVAL: float = Field(
        15.0, gt=0, description="Seconds between two sweeps for such runs."
    )

    @model_validator(mode="after")
    def _signs_what_it_sends(self) -> Self:
        if self.NOTIFY_WEBHOOK_URL.get_secret_value() and not self.NOTIFY_WEBHOOK_SECRET:
            raise ValueError("NOTIFY_WEBHOOK_URL needs NOTIFY_WEBHOOK_SECRET")
        return self

    @classmethod
    def settings_customise_sources(
        cls,
        settings_cls: type[BaseSettings],
        init_settings: PydanticBaseSettingsSource,
        env_settings: PydanticBaseSettingsSource,
        dotenv_settings: PydanticBaseSettingsSource,
        file_secret_settings: PydanticBaseSettingsSource,
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        file = YamlConfigSettingsSource(settings_cls)
        embedded = RunningServices(settings_cls, default_state=BASE_DIR / "var")
        return (init_settings, env_settings, file, embedded)

    def state(self, *parts: str) -> Path:
        return self.STATE_DIR.resolve().joinpath(*parts)

    def kept_secret(self, name: str) -> str:
        """Give the secret kept in STATE_DIR under this name, made when first asked for."""
        path = self.state("secrets", name)
        try:
            return path.read_text()
        except FileNotFoundError:
            path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
        except FileExistsError:
            return path.read_text()  # another process of this yard was first
        with os.fdopen(descriptor, "w") as file:
            file.write(value := secrets.token_urlsafe(48))
        return value


env = Environment()
