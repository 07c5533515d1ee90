from registry.models.audit import AuditEvent
from registry.models.collected import CollectedList
from registry.models.demand import Demand, DemandAsker
from registry.models.device import Device
from registry.models.download import Download
from registry.models.gate import GateResult, Policy, Waiver
from registry.models.lineage import BaseLink
from registry.models.model import Capability, Model, Tag
from registry.models.names import ModelAlias, VersionName
from registry.models.notice import Notice, NoticeDelivery, Receipt
from registry.models.people import ApiKey, Team, User
from registry.models.request import AccessRequest
from registry.models.served import Served
from registry.models.usage import UsageDay
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
    "Demand",
    "DemandAsker",
    "Device",
    "Download",
    "GateResult",
    "Model",
    "ModelAlias",
    "ModelFile",
    "ModelVersion",
    "Notice",
    "NoticeDelivery",
    "Policy",
    "Receipt",
    "Served",
    "Tag",
    "Team",
    "UsageDay",
    "User",
    "VersionName",
    "Waiver",
]
