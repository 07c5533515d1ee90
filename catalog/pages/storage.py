"""What the Storage page shows."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from catalog.pages.jobs import describe
from catalog.selectors import storage
from core.models import ACTIVE, Run
from core.pages import Order, links, page_of, read_number
from core.storage.configured import disk_cache
from core.wording import file_size, grouped
from downloads.disks import disks, names_of, state_of
from registry.callers import Caller
from registry.enums import Scope

LARGEST = Order(column="size_bytes", descending=True, read=read_number)
ROWS = 50


def storage_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    """Everything of the page, in a number of queries that does not grow with the models."""
    page = page_of(
        storage.stored_models(caller),
        order=LARGEST,
        cursor=request.GET.get("cursor", ""),
        limit=ROWS,
    )
    return {
        **runs_context(caller),
        "figures": _figures(),
        "volumes": volumes(),
        "models": _models(page.rows),
        "quarantined": [
            {"content": content, "versions": versions, "others": _others(content, versions)}
            for content, versions in storage.quarantined(caller)
        ],
        "store": f"S3 at {settings.S3_ENDPOINT}" if settings.S3_ENDPOINT else "file system",
        "grace": settings.GC_GRACE,
        **links(request, page),
    }


def runs_context(caller: Caller) -> dict[str, Any]:
    """The runs on the store, for the fragment that polls."""
    jobs = [(run, describe(run)) for run in storage.store_runs()]
    return {
        "active": [job for run, job in jobs if run.state in ACTIVE],
        "ended": [{"job": job, "words": words_of(run)} for run, job in jobs if not run.is_active],
        "may_start": caller.may(Scope.OPERATE),
    }


def _others(content: Any, versions: list[Any]) -> int:  # noqa: ANN401 a Content
    """How many versions have it that this caller may not know of."""
    return len(content.quarantined_from) - len(versions)


def volumes() -> list[dict[str, Any]]:
    return [
        {
            "names": names_of(volume),
            "volume": volume,
            "state": state_of(volume),
            "warn": settings.DISK_WARN_PERCENT,
            "pause": settings.DISK_PAUSE_PERCENT,
        }
        for volume in disks()
    ]


def _models(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    uses = storage.use_of([row["id"] for row in rows])
    found = [row | {"use": uses.get(row["id"], storage.Use())} for row in rows]
    most = max((row["use"].stored for row in found), default=0)
    return [row | {"most": most} for row in found]


def _figures() -> list[dict[str, str]]:
    total, look, cache = storage.totals(), storage.last_look(), disk_cache()
    figures = [
        _figure("Stored", file_size(total.stored), f"{grouped(total.contents)} contents"),
        _figure("Asked for", file_size(total.asked), f"{grouped(total.files)} files have them"),
        _figure("Saved by sharing", file_size(total.saved), _share(total.saved, total.asked)),
        _collectable(look),
        _figure("In quarantine", grouped(total.quarantined), "contents that rotted or are gone"),
    ]
    if cache is not None:
        use = cache.use()
        words = f"{grouped(use.count)} copies of at most {file_size(cache.limit)}"
        figures.append(_figure("Cache", file_size(use.size), words))
    return figures


def _collectable(look: Run | None) -> dict[str, str]:
    if look is None or look.finished_at is None:
        return _figure("Collectable", "not known", "nobody looked yet")
    size = look.result["freed_bytes"] if look.result.get("dry_run") else 0
    return _figure("Collectable", file_size(size), f"as of {look.finished_at:%Y-%m-%d %H:%M} UTC")


def _figure(label: str, value: str, note: str) -> dict[str, str]:
    return {"label": label, "value": value, "note": note}


def _share(part: int, whole: int) -> str:
    return f"{100 * part / whole:.0f} % of what is asked for" if whole else "nothing is stored"


def words_of(run: Run) -> str:
    """Say in one line what a run on the store found."""
    result = run.result
    if run.error:
        return run.error
    if "freed_bytes" in result:
        would = "would free" if result.get("dry_run") else "freed"
        count = result["contents"]["count"] + result["unnoted"]["count"]
        return f"{would} {file_size(result['freed_bytes'])} of {grouped(count)} contents"
    if "sound" in result:
        return f"{grouped(result['sound'])} sound, {grouped(result['rotten'])} rotten"
    return ""
