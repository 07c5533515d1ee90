"""What links to further pages are made of: the address that the client itself knows us by."""

from __future__ import annotations

import pytest
from django.test import RequestFactory

from hub.headers import base_of, link_next


@pytest.mark.parametrize(
    ("public", "host", "base"),
    [
        # A front that ends TLS asks us over http; the public address tells what clients speak.
        ("https://hub.example", "hub.example", "https://hub.example"),
        ("https://hub.example", "HUB.example", "https://HUB.example"),
        ("https://hub.example", "hub.example:443", "https://hub.example:443"),
        ("https://hub.example:443", "hub.example", "https://hub.example"),
        ("https://hub.example:8443/", "hub.example:8443", "https://hub.example:8443"),
        ("http://hub.example:80", "hub.example", "http://hub.example"),
        # Any other name or port is another way in: what is asked there is asked in its own scheme.
        ("https://hub.example", "hub.example:9083", "http://hub.example:9083"),
        ("https://hub.example", "10.0.0.7:9083", "http://10.0.0.7:9083"),
        ("", "hub.example", "http://hub.example"),
    ],
)
def test_links_lead_to_the_address_that_the_client_asked(settings, public, host, base):
    settings.PUBLIC_URL = public
    settings.ALLOWED_HOSTS = ["*"]
    request = RequestFactory().get("/hf/api/models", headers={"Host": host})
    assert base_of(request) == base


def test_a_link_keeps_prefix_names_and_query(settings):
    settings.PUBLIC_URL = "https://hub.example"
    settings.ALLOWED_HOSTS = ["hub.example"]
    path = "/hf/api/models/a/b/tree/feature%2Fx?recursive=True&expand=a&expand=b&cursor=old"
    request = RequestFactory().get(path, headers={"Host": "hub.example"})
    assert link_next(request, "new+") == (
        "<https://hub.example/hf/api/models/a/b/tree/feature/x"
        '?recursive=True&expand=a&expand=b&cursor=new%2B>; rel="next"'
    )
