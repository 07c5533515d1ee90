"""The page of this machine: what was found, what lists ask for, and what is wrong with either."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpRequest

from catalog.selectors.local import found_models, fresh_models, last_look, wishes
from core.pages import links
from registry.callers import Caller

ON_IMPORT = 5


def local_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    page = found_models(caller, cursor=request.GET.get("cursor", ""))
    look = last_look()
    return {
        "models": page.rows,
        "wishes": wishes(),
        "look": look,
        "folder": settings.MODELS_DIR,
        "list_file": settings.MODELS_FILE,
        "by_itself": settings.LOCAL_IMPORT,
        "skipping": settings.SKIP_MODEL_DOWNLOADS,
        **links(request, page),
    }


def import_context(caller: Caller) -> dict[str, Any]:
    """The few rows that the Import page shows, to those who may import them."""
    if not caller.is_steward:
        return {"local": None}
    rows = fresh_models(caller, limit=ON_IMPORT + 1)
    return {"local": {"models": rows[:ON_IMPORT], "more": len(rows) > ON_IMPORT}}
