"""A model that is asked for by a former name: clients are led on, and keep the name they know."""

from __future__ import annotations

from urllib.parse import quote

from django.http import HttpRequest

from hub.answers import COMMIT
from hub.decision import Place
from hub.errors import HubError
from hub.routes import Route


class MovedError(HubError):
    """A relative redirect: 0.x clients follow no other one on a HEAD, and drop its query."""

    status = 307
    code = ""

    def __init__(self, place: Place, location: str) -> None:
        super().__init__(f"This model is called {place.model.repo_id} now.")
        self.commit = place.version.commit
        self.location = location

    def headers(self) -> dict[str, str]:
        private = {"Cache-Control": "private, no-cache", "Vary": "Authorization, Cookie"}
        return {"Location": self.location, COMMIT: self.commit, **private}


def check_name(request: HttpRequest, route: Route, place: Place) -> None:
    """Lead on from a former name; whoever may not know of the model never comes here."""
    name = place.model.repo_id
    if name == route.repo_id:
        return
    query = request.META.get("QUERY_STRING", "")
    address = quote(f"/hf/{route.named(name)}")
    raise MovedError(place, f"{address}?{query}" if query else address)
