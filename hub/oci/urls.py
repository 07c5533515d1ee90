"""One pattern takes everything under `/v2`: nothing there is ever redirected for a slash."""

from __future__ import annotations

from django.urls import re_path

from hub.oci.views import serve

app_name = "oci"
urlpatterns = [re_path(r"^(?P<path>(?s:.*))\Z", serve, name="serve")]
