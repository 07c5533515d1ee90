"""What the yard itself needs to know: upstreams, stores, engines, leases."""

from __future__ import annotations

from datetime import timedelta

from config.settings.env import env

APP_NAME = env.APP_NAME
PUBLIC_URL = (env.PUBLIC_URL or f"http://localhost:{env.APP_PORT}").rstrip("/")
STATE_DIR = env.state()
STAGING_DIR = env.state("staging")
SCRATCH_DIR = env.state("scratch")
STORE_DIR = env.STORE_DIR.resolve() if env.STORE_DIR else env.state("store")
CACHE_DIR = env.state("cache")
BYTES_BY = env.BYTES_BY
MODEL_CACHE_SIZE = env.MODEL_CACHE_SIZE
GC_GRACE = timedelta(seconds=env.GC_GRACE)
WITHDRAWN_KEPT = timedelta(days=env.WITHDRAWN_KEPT_DAYS)
VERIFY_RATE = env.VERIFY_RATE
DISK_WARN_PERCENT = env.DISK_WARN_PERCENT
DISK_PAUSE_PERCENT = env.DISK_PAUSE_PERCENT
IO_PRESSURE_LIMIT = env.IO_PRESSURE_LIMIT

HF_ENDPOINT = env.HF_ENDPOINT.rstrip("/")
HF_TOKEN = env.HF_TOKEN.get_secret_value()
UPSTREAM_ALLOW = tuple(env.UPSTREAM_ALLOW)
REQUEST_TIMEOUT = env.REQUEST_TIMEOUT

OPENAI_API_KEY = env.OPENAI_API_KEY.get_secret_value()
OPENAI_BASE_URL = env.OPENAI_BASE_URL.rstrip("/")
PERPLEXITY_API_KEY = env.PERPLEXITY_API_KEY.get_secret_value()
PERPLEXITY_BASE_URL = env.PERPLEXITY_BASE_URL.rstrip("/")
LLM_MODEL = tuple(env.LLM_MODEL)
LLM_TIMEOUT = env.LLM_TIMEOUT
LLM_RUN_TOKENS = env.LLM_RUN_TOKENS
LLM_PRIVATE_CARDS = env.LLM_PRIVATE_CARDS

MODELS_DIR = env.MODELS_DIR.absolute()
MODELS_FILE = MODELS_DIR / env.MODELS_FILE  # an absolute name stays what it is
LOCAL_IMPORT = env.LOCAL_IMPORT
MINIMAL_MODELS = env.MINIMAL_MODELS
SKIP_MODEL_DOWNLOADS = env.SKIP_MODEL_DOWNLOADS
VOSK_MODEL_PATH = env.VOSK_MODEL_PATH.absolute() if env.VOSK_MODEL_PATH else None
UPLOADS_DIR = env.state("uploads")
UPLOAD_MAX_BYTES = env.UPLOAD_MAX_BYTES
UPLOAD_EXPIRES = timedelta(seconds=env.UPLOAD_EXPIRES)
MODEL_UPDATE_INTERVAL = timedelta(seconds=env.MODEL_UPDATE_INTERVAL)
UPDATE_CHECKS_PER_MINUTE = env.UPDATE_CHECKS_PER_MINUTE

BUNDLE_KEY = env.BUNDLE_KEY.absolute() if env.BUNDLE_KEY else None

S3_ENDPOINT = env.MINIO_ENDPOINT
S3_ACCESS_KEY = env.MINIO_ACCESS_KEY.get_secret_value()
S3_SECRET_KEY = env.MINIO_SECRET_KEY.get_secret_value()
S3_BUCKET = env.MINIO_BUCKET

ARIA2_RPC_URL = env.ARIA2_RPC_URL
ARIA2_RPC_SECRET = env.ARIA2_RPC_SECRET.get_secret_value()
CLAMD_SOCKET = env.CLAMD_SOCKET
CLAMD_HOST = env.CLAMD_HOST
CLAMD_PORT = env.CLAMD_PORT
SCAN_TIMEOUT = env.SCAN_TIMEOUT

OPEN_CATALOG = env.OPEN_CATALOG
DEFAULT_ENTRIES = env.DEFAULT_ENTRIES
RUN_LEASE = timedelta(seconds=env.RUN_LEASE)
SWEEP_INTERVAL = env.SWEEP_INTERVAL
TRUST_FRONT = env.TRUST_FRONT
VERSION = "0.1.0"
