from __future__ import annotations

from django.test import RequestFactory

from core.errors import NotFoundError, UpstreamRateLimitError
from core.problems import problem_page


def test_a_problem_is_a_page_with_its_code_and_status():
    response = problem_page(RequestFactory().get("/models/x/"), NotFoundError("No <b>model</b>."))
    html = response.content.decode()
    assert response.status_code == 404
    assert "<!DOCTYPE html>" in html
    assert "not_found" in html
    assert "No &lt;b&gt;model&lt;/b&gt;." in html


def test_a_page_says_when_to_come_back():
    error = UpstreamRateLimitError("The source counts requests.", retry_after=7)
    assert problem_page(RequestFactory().get("/"), error)["Retry-After"] == "8"


def test_htmx_gets_the_panel_alone():
    request = RequestFactory().get("/import/", headers={"HX-Request": "true"})
    html = problem_page(request, NotFoundError("No model.")).content.decode()
    assert "<html" not in html
    assert "<h1" in html
