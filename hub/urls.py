"""One pattern takes everything under `/hf`: nothing there is ever redirected for a slash."""

from __future__ import annotations

from django.urls import re_path

from hub.views import serve

app_name = "hub"
urlpatterns = [re_path(r"^(?P<path>(?s:.*))\Z", serve, name="serve")]
