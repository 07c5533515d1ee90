from __future__ import annotations

from datetime import timedelta

import pytest
from django import forms
from django.template import Context, Template
from django.test import RequestFactory
from django.utils import timezone

from core.models import RunStep
from core.templatetags.numbers import DASH


def rendered(source: str, path: str = "/models/", **context: object) -> str:
    request = RequestFactory().get(path)
    return Template("{% load yard %}" + source).render(Context({"request": request, **context}))


def test_a_badge_says_its_state_in_icon_word_and_tone():
    html = rendered('{% badge "scan" "unsafe" %}')
    assert "#shield-x" in html
    assert ">unsafe<" in html
    assert "is-loud" in html
    assert "is-loud" not in rendered('{% badge "scan" "unsafe" quiet=True %}')


def test_text_from_outside_is_escaped_in_every_tag():
    bad = "<img src=x>"
    html = rendered(
        '{% badge "license" bad bad %}{% gate_node bad "failed" "enforce" bad %}'
        '{% stamp "held" bad %}'
        "{% type_icon bad %}{{ bad|gate_title }}{{ bad|repo_name }}",
        bad=bad,
    )
    assert "<img" not in html


def test_what_stands_between_backticks_is_code_and_still_escaped():
    html = rendered("{{ text|ticks }}", text="`field` names <b>it</b>, `<i>` too")
    assert html == ("<code>field</code> names &lt;b&gt;it&lt;/b&gt;, <code>&lt;i&gt;</code> too")


def test_removing_a_filter_keeps_the_others_and_goes_back_to_the_first_page():
    html = rendered(
        '{% without "tier" "lite" %}', path="/models/?tier=lite&tier=standard&q=a%26b&cursor=x"
    )
    assert html == "?q=a%26b&amp;tier=standard"
    assert rendered('{% without "tier" "lite" %}', path="/models/?tier=lite") == "?"


def test_removing_a_range_works_although_its_label_is_not_what_was_typed():
    html = rendered('{% without "max_params" "7000000000" %}', path="/models/?max_params=7B&q=x")
    assert html == "?q=x"


def test_a_column_head_turns_the_order_round_on_the_second_press():
    first = rendered('{% sort_header "name" "Model" %}', path="/models/?q=x")
    assert 'href="?q=x&amp;ordering=-name"' in first
    assert "aria-sort" not in first
    assert "ordering=name" in rendered('{% sort_header "name" "Model" rising=True %}')
    again = rendered('{% sort_header "name" "Model" %}', path="/models/?ordering=-name")
    assert 'aria-sort="descending"' in again
    assert 'href="?ordering=name"' in again


def test_numbers_that_nobody_knows_are_a_dash_and_not_a_zero():
    assert rendered("{{ none|filesize }}{{ none|params }}{{ none|grouped }}", none=None) == DASH * 3
    assert rendered("{{ n|filesize }}", n=0).startswith("0")


def test_a_time_carries_the_exact_moment_behind_its_age():
    html = rendered("{% ago then %}", then=timezone.now() - timedelta(hours=3))
    assert "<time datetime=" in html
    assert "UTC" in html
    assert ">3\u00a0h<" in html
    assert ">just now<" in rendered("{% ago now suffix=True %}", now=timezone.now())


def test_a_step_taken_back_half_way_shows_as_partly_done():
    step = RunStep(title="Verify", state="waiting", done=5, total=17, unit="files")
    html = rendered("{% step_node step %}", step=step)
    assert 'data-state="part"' in html
    assert "5 of 17 files" in html
    untouched = rendered("{% step_node step %}", step=RunStep(title="Scan", state="waiting"))
    assert 'data-state="wait"' in untouched


def test_progress_without_a_total_shows_no_invented_percent():
    step = RunStep(title="Fetch", state="running", done=5, unit="files", started_at=timezone.now())
    html = rendered("{% progress step %}", step=step)
    assert "%" not in html
    assert "<progress" not in html


@pytest.mark.parametrize(
    ("cookie", "theme"), [("dark", "modelyard-dark"), ('"><script>', ""), ("", "")]
)
def test_the_theme_comes_from_its_cookie_and_only_known_ones_count(cookie, theme):
    request = RequestFactory().get("/")
    request.COOKIES["yard_theme"] = cookie
    assert Template("{% load yard %}{% theme %}").render(Context({"request": request})) == theme


class SampleForm(forms.Form):
    name = forms.CharField(help_text="What uses it.")
    scopes = forms.MultipleChoiceField(
        choices=[("read", "read"), ("request", "request")], widget=forms.CheckboxSelectMultiple
    )


def test_a_field_ties_label_help_and_error_to_its_control():
    form = SampleForm({"name": "", "scopes": ["request"]})
    html = rendered("{% field form.name %}", form=form)
    assert 'for="id_name"' in html
    assert 'aria-describedby="id_name_helptext id_name_error"' in html
    assert 'id="id_name_helptext"' in html
    assert 'id="id_name_error"' in html
    group = rendered("{% field form.scopes %}", form=form)
    assert group.count("<input") == 2
    assert group.count("checked") == 1
    assert "<legend" in group
