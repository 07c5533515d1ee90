"""The words of the schema. Values are stored and served; they are never renamed."""

from __future__ import annotations

from typing import Final

from django.db.models import TextChoices


class Tier(TextChoices):
    LITE = "lite"
    STANDARD = "standard"
    PROFESSIONAL = "professional"

    @classmethod
    def up_to(cls, tier: Tier | str) -> list[Tier]:
        """Every tier that a caller of this tier may see."""
        return _ORDER[: _ORDER.index(cls(tier)) + 1]

    @classmethod
    def lowest(cls, *tiers: Tier | str) -> Tier:
        return min((cls(tier) for tier in tiers), key=_ORDER.index)

    @classmethod
    def highest(cls, *tiers: Tier | str) -> Tier:
        return max((cls(tier) for tier in tiers), key=_ORDER.index)


_ORDER: Final = list(Tier)


class Role(TextChoices):
    VIEWER = "viewer"
    OPERATOR = "operator"
    CURATOR = "curator"
    ADMIN = "admin"


class Scope(TextChoices):
    READ = "read"
    REQUEST = "request"
    OPERATE = "operate"
    CURATE = "curate"
    ADMIN = "admin"


class KeyKind(TextChoices):
    TOKEN = "token", "Token"
    OLLAMA = "ollama", "Ollama's public key"


class ModelType(TextChoices):
    LLM = "llm", "Language model"
    VISION_LANGUAGE = "vision-language", "Vision-language"
    EMBEDDING = "embedding", "Embedding"
    RERANKER = "reranker", "Reranker"
    CLASSIFIER = "classifier", "Classifier"
    IMAGE = "image", "Image"
    AUDIO = "audio", "Audio"
    VIDEO = "video", "Video"
    LAYOUT = "layout", "Layout"
    OCR = "ocr", "OCR"
    OTHER = "other", "Other"


def model_types() -> list[tuple[str, str]]:
    """Give the kinds as choices; a function, so that a new kind needs no migration."""
    return ModelType.choices


class CollectedName(TextChoices):
    """Lists that are collected elsewhere and that rules of this yard go by."""

    VLLM_ARCHITECTURES = "vllm_architectures", "Architectures that vLLM supports"


class Relation(TextChoices):
    """How a model was made from its base; empty where nobody says."""

    FINETUNE = "finetune", "Fine-tuned"
    ADAPTER = "adapter", "Adapter"
    QUANTIZED = "quantized", "Quantized"
    MERGE = "merge", "Merged"


class Admission(TextChoices):
    PENDING = "pending"
    ADMITTED = "admitted"
    HELD = "held"
    WITHDRAWN = "withdrawn"


class ScanVerdict(TextChoices):
    CLEAN = "clean"
    SUSPICIOUS = "suspicious"
    UNSAFE = "unsafe"
    INCOMPLETE = "incomplete"


class LicenseClass(TextChoices):
    PERMISSIVE = "permissive"
    COPYLEFT = "copyleft"
    RESTRICTED = "restricted"
    NON_COMMERCIAL = "non-commercial"
    UNKNOWN = "unknown"


class Gate(TextChoices):
    """The gates that exist today. A new one is a new value here and in the policies."""

    SOURCE = "source"
    INTEGRITY = "integrity"
    MALWARE = "malware"
    LICENSE = "license"
    METADATA = "metadata"


class Reach(TextChoices):
    """How far a repository is open to this yard's own access, without anybody's own token."""

    OPEN = "open"
    GATED = "gated"
    PRIVATE = "private"


class GateOutcome(TextChoices):
    PASSED = "passed"
    FAILED = "failed"
    UNKNOWN = "unknown"  # could not be decided: treated as failed, never as passed


class GateMode(TextChoices):
    OFF = "off"
    AUDIT = "audit"
    ENFORCE = "enforce"


class RequestState(TextChoices):
    OPEN = "open"
    APPROVED = "approved"
    REFUSED = "refused"


class DemandState(TextChoices):
    """What became of a name that was asked for and is not here."""

    RECORDED = "recorded"
    STARTED = "started"  # an import of it was started
    ABSENT = "absent"  # the source has none either
    MET = "met"


class NoticeKind(TextChoices):
    HELD = "held", "No longer offered"
    BACK = "back", "Offered again"


class DeviceKind(TextChoices):
    CONSUMER = "consumer", "Consumer GPU"
    WORKSTATION = "workstation", "Workstation GPU"
    DATA_CENTRE = "data-centre", "Data-centre GPU"
    APPLE = "apple", "Apple silicon"
    CPU = "cpu", "CPU and RAM"
