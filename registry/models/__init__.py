from registry.models.audit import AuditEvent
from registry.models.collected import CollectedList
from registry.models.device import Device
from registry.models.download import Download
from registry.models.gate import GateResult, Policy, Waiver
from registry.models.lineage import BaseLink
from registry.models.model import Capability, Model, Tag
from registry.models.notice import Notice, NoticeDelivery, Receipt
from registry.models.people import ApiKey, User
from registry.models.request import AccessRequest
from registry.models.version import (
    SERVED,
    TAKEN,
    TO_FETCH,
    TO_SERVE,
    WANTED,
    Content,
    ModelFile,
    ModelVersion,
)

__all__ = [
    "SERVED",
    "TAKEN",
    "TO_FETCH",
    "TO_SERVE",
    "WANTED",
    "AccessRequest",
    "ApiKey",
    "AuditEvent",
    "BaseLink",
    "Capability",
    "CollectedList",
    "Content",
    "Device",
    "Download",
    "GateResult",
    "Model",
    "ModelFile",
    "ModelVersion",
    "Notice",
    "NoticeDelivery",
    "Policy",
    "Receipt",
    "Tag",
    "User",
    "Waiver",
]
