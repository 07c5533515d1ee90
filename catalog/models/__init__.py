"""Rows of the catalog; import them from here."""

from __future__ import annotations

from catalog.models.bundle import BundleExport, BundleImport, TrustedKey
from catalog.models.endpoint import HubEndpoint
from catalog.models.facets import FacetCombination, FacetCount, FacetDelta, FacetFold
from catalog.models.intake import Asker, Intake
from catalog.models.local import LocalFile, LocalLook, LocalModel, Wish
from catalog.models.reading import CARD_READING, CardReading, reading_of
from catalog.models.text import VersionText
from catalog.models.uploads import Upload, UploadSet
from catalog.models.watch import ModelEvent, SourcePause, Watch

__all__ = [
    "CARD_READING",
    "Asker",
    "BundleExport",
    "BundleImport",
    "CardReading",
    "FacetCombination",
    "FacetCount",
    "FacetDelta",
    "FacetFold",
    "HubEndpoint",
    "Intake",
    "LocalFile",
    "LocalLook",
    "LocalModel",
    "ModelEvent",
    "SourcePause",
    "TrustedKey",
    "Upload",
    "UploadSet",
    "VersionText",
    "Watch",
    "Wish",
    "reading_of",
]
