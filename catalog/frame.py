"""What the frame around every page shows: who is signed in and how much work is waiting."""

from __future__ import annotations

from django.http import HttpRequest


def frame(request: HttpRequest) -> dict[str, object]:
    return {}
