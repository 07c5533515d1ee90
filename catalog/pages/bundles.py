"""What pages show of bundles: those that wait to be taken in, what is in one, what was written."""

from __future__ import annotations

from typing import Any

from django.urls import reverse

from catalog.bundles.signing import claimed_keys
from catalog.models import BundleExport, BundleImport
from catalog.selectors.bundles import imports_folder, place_of, waiting_bundles
from catalog.services.bundle_import import check_purpose, opened
from catalog.services.bundle_keys import trusted_keys
from core.errors import ModelyardError
from core.models import Run, RunState
from registry.callers import Caller
from registry.enums import Scope

SHOWN = 100  # versions of one bundle


def waiting_context(caller: Caller) -> dict[str, Any]:
    """Bundles on this machine, for those who may take them in."""
    if not caller.is_steward:
        return {"bundles": [], "may_bundle": False}
    return {
        "bundles": waiting_bundles(),
        "bundles_folder": str(imports_folder()),
        "may_bundle": True,
    }


def bundle_context(caller: Caller, name: str) -> dict[str, Any]:
    """Say what a bundle says of itself. Its contents are hashed when it is imported."""
    path = place_of(name)
    with opened(path) as (_, head):
        signer, problem = None, ""
        try:
            signer = head.signer(trusted_keys())
            check_purpose(head, quarantine=caller.may(Scope.ADMIN))
        except ModelyardError as error:
            problem = error.message
        manifest = head.manifest
        return {
            "name": path.name,
            "size": head.length,
            "manifest": manifest,
            "signer": signer,
            "key": claimed_keys(head.envelope)[0],
            "problem": problem,
            "versions": manifest.versions[:SHOWN],
            "more": max(0, len(manifest.versions) - SHOWN),
            "contents": sum(one.path.startswith("contents/") for one in manifest.members),
        }


def title_of(run: Run) -> str:
    """Name the run of a bundle; '' where it is another."""
    if (export := getattr(run, "bundle_export", None)) is not None:
        return f"Export bundle {str(export.pk)[:8]}"
    if (taken := getattr(run, "bundle_import", None)) is not None:
        return f"Import bundle {taken.path.rpartition('/')[2]}"
    return ""


def asked_by(run: Run) -> str:
    row: Any = getattr(run, "bundle_export", None) or getattr(run, "bundle_import", None)
    return row.asked_by.get_username() if row is not None and row.asked_by else ""


def result_context(run: Run) -> dict[str, Any]:
    """What a bundle's run made, for the page of the job."""
    row = getattr(run, "bundle_export", None) or getattr(run, "bundle_import", None)
    if not isinstance(row, BundleExport | BundleImport):
        return {}
    versions = row.versions.select_related("model").order_by("model__slug", "number")[:SHOWN]
    done = isinstance(row, BundleExport) and run.state == RunState.DONE
    return {
        "bundle": row,
        "bundle_versions": versions,
        "bundle_url": reverse("catalog:bundle-file", args=[row.pk]) if done else "",
    }
