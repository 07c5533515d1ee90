"""Every route, asked by every kind of caller, about a model of every tier: nothing hidden shows.

A new route fails `test_every_route_is_listed` until it is given arguments in `routes.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.urls import get_resolver

from registry.models import Model
from tests.architecture.callers import CALLERS, client_of, send
from tests.architecture.expected import expected_of, told
from tests.architecture.routes import ROUTES, admin_paths, names
from tests.architecture.world import ABSENT, TIERS, name_of, slug_of, world
from tests.standins.fixture import start_upstream

__all__ = ["start_upstream", "world"]


_CSRF = re.compile(r'(X-CSRFToken": "|csrfmiddlewaretoken" value=")\w+')


def test_every_route_is_listed():
    served = {name for name in names(get_resolver().url_patterns) if not name.startswith("admin:")}
    assert served - set(ROUTES) == set()


def filled(text, args):
    for name, value in args.items():
        text = text.replace(f"{{{name}}}", value)
    return text


def filled_body(body, args):
    if isinstance(body, dict):
        return {key: filled_body(value, args) for key, value in body.items()}
    return filled(body, args) if isinstance(body, str) else body


@pytest.fixture
def nowhere(start_upstream, settings):
    """A source that has nothing: what these requests ask of it is not what is tested."""
    upstream = start_upstream()
    settings.HF_ENDPOINT = upstream.url


def asked_of(world) -> Iterator[tuple[tuple[str, int], str, str, object, str]]:
    """Every request by its route and place there, about each model where it names one."""
    for name, requests in ROUTES.items():
        for number, (method, template, body) in enumerate(requests):
            about = world.args if "{" in template + str(body).replace("{'", "") else [ABSENT]
            for tier in about:
                yield (name, number), method, template, body, tier


def wanted_of(place, kind, template, body, about):
    """What the rules say; they have none for what names something that is nowhere."""
    if about != ABSENT:
        return expected_of(*place, kind, about)
    is_named = "{" in template + str(body).replace("{'", "")
    return None if is_named else expected_of(*place, kind, None)


def not_as_told(wanted, status, text):
    if status == 500:
        yield "broke"
    if wanted not in {None, told(status, text)}:
        yield f"not {wanted}"


@pytest.mark.parametrize("kind", CALLERS)
def test_no_answer_shows_what_is_hidden_or_that_it_is_there(world, nowhere, kind):
    client, headers, sees = client_of(kind)
    hidden = [tier for tier in TIERS if tier not in sees]
    answers, faults = {}, []
    for place, method, template, body, about in asked_of(world):
        args = world.args[about]
        path, sent = filled(template, args), filled_body(body, args)
        status, text = send(client, headers, method, path, sent)
        label = f"{method} {path} {sent or ''} -> {status}"
        wanted = wanted_of(place, kind, template, body, about)
        faults += [f"{label}: {why}" for why in not_as_told(wanted, status, text)]
        for tier in hidden:
            # What the caller wrote may come back; what they did not write may not.
            tokens = [t for t in (slug_of(tier), name_of(tier)) if t not in f"{path}{sent}"]
            faults += [f"{label}: shows {token}" for token in tokens if token in text]
        if "is secret" in text and about in hidden:
            faults.append(f"{label}: shows the description")
        request = (method, template, str(body), about)
        answers[request] = _neutral(status, text.replace(path, "path"), args)
    for (*request, about), answer in answers.items():
        # `{tier}` and ids of rows are not names: asking for a tier above one's own is refused.
        if about in hidden and "{tier}" not in str(request):
            absent = answers[(*request, ABSENT)]
            if answer != absent:
                faults.append(f"{request} about {about}: {answer}\nabsent: {absent}")
    assert not faults, "\n".join(faults)


STAFF = "lite staff session"


@pytest.mark.parametrize("kind", ["anonymous", "lite session", STAFF])
def test_the_admin_shows_nothing_hidden(world, kind):
    client, headers, sees = client_of(kind)
    hidden = [tier for tier in TIERS if tier not in sees]
    faults = []
    for path in admin_paths():
        for args in world.args.values() if kind == STAFF else [world.args["lite"]]:
            status, text = send(client, headers, "GET", filled(path, args), None)
            shown = [t for t in hidden if slug_of(t) in text or name_of(t) in text]
            if status >= 500 or shown:
                faults.append(f"{path} {args['tier']} -> {status}: {shown}")
    assert not faults, "\n".join(faults)


def _neutral(status, text, args):
    """The answer without what the caller sent and what differs between any two requests."""
    for name in ("slug", "repo", "commit", "run"):
        text = text.replace(args[name], name)
    text = _CSRF.sub(r"\1", text)
    lines = text.splitlines()
    kept = [line for line in lines if not line.startswith(("X-Request-Id", "Content-Length"))]
    return status, "\n".join(kept)


def test_the_check_sees_what_it_looks_for(world):
    client, headers, _ = client_of("professional key")
    status, text = send(client, headers, "GET", "/api/v1/models", None)
    assert status == 200
    assert all(slug_of(tier) in text and name_of(tier) in text for tier in TIERS)
    assert Model.objects.count() == len(TIERS)
