"""Lists over a large catalog: first and deep pages, filters, words, the Models page with counts."""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass
from pathlib import Path

from bench import _load, _yard

CONNECTIONS = (1, 16)
TARGETS = "targets: API p95 < 5 ms at 1 connection, < 20 ms at 16; Models page p95 < 50 ms"


@dataclass(frozen=True)
class Case:
    """One line of the table: what it is called, who asks, and for which paths in turn."""

    name: str
    paths: list[str]
    caller: str = "key"
    direct: bool = False  # past the front, at the web workers


def run(options: argparse.Namespace) -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    os.environ["TRUST_FRONT"] = "1"
    os.environ["DEFAULT_ENTRIES"] = "false"  # the rows measured have their own ids
    with _yard.services() as folder:
        prepare(options)
        cases, callers = _cases(), make_callers()
        queries = {case.name: _queries(case, callers) for case in cases}
        with _yard.web(folder) as addresses:
            _table(options, cases, callers, queries, addresses)
    print(TARGETS)


def prepare(options: argparse.Namespace) -> None:
    import django

    django.setup()
    from django.core.management import call_command

    from bench._fill import fill

    call_command("migrate", verbosity=0)
    call_command("seed", verbosity=0)
    print(f"{options.rows:,} models, versions and files: {fill(options.rows):.0f} s to fill")


def make_callers() -> dict[str, dict[str, str]]:
    """Headers of three callers: a professional and a lite key, and somebody who signed in."""
    from django.conf import settings
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY
    from django.contrib.sessions.backends.db import SessionStore
    from django.utils.crypto import get_random_string

    from registry.authentication import caller_of_user
    from registry.models import User
    from registry.services.keys import create_key

    user, _ = User.objects.get_or_create(username="bench", defaults={"tier": "professional"})
    headers = {}
    for name, tier in (("key", "professional"), ("lite key", "lite")):
        _, token = create_key(
            caller=caller_of_user(user), user=user, scopes=["read"], name=name, tier_cap=tier
        )
        headers[name] = {"Authorization": f"Bearer {token}"}
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = settings.AUTHENTICATION_BACKENDS[-1]
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.create()
    cookies = {  # a browser has both after its first page
        settings.SESSION_COOKIE_NAME: session.session_key,
        settings.CSRF_COOKIE_NAME: get_random_string(32),
    }
    named = "; ".join(f"{name}={value}" for name, value in cookies.items())
    headers["session"] = {"Cookie": named}
    return headers


def _deep(ordering: str, column: str, count: int = 200) -> list[str]:
    """Cursors of rows all over the list: a deep page without walking to it."""
    from core.cursors import encode_cursor
    from registry.models import Model

    last = Model.objects.order_by("-id").values_list("id", flat=True)[0]
    ids = [1 + number * last // count for number in range(count)]
    rows = Model.objects.filter(pk__in=ids).order_by().values_list(column, "id")
    return [encode_cursor(ordering, "after", value, pk) for value, pk in rows]


def _cases() -> list[Case]:
    api, page = "/api/v1/models", "/models/"
    deep = _deep("-updated_at", "updated_at")
    params = _deep("-num_params", "num_params")
    one = ["status=held", "model_type=llm", "license_type=copyleft", "scan=none", "source=ollama"]
    two = [
        "status=held&model_type=ocr",
        "tier=lite&scan=suspicious",
        "source=civitai&status=pending",
    ]
    more = [
        "min_params=7B&max_params=13B&format=gguf",
        "language=de&status=admitted&min_context=32k",
    ]
    fits = ["fits=t4", "fits=rtx-4090&fits_context=32k&model_type=llm", "fits=h200&tier=lite"]
    wide = ["family=Llama", "category=tools&language=de", "params=4b-10b&status=held"]
    runs = ["runtime=vllm", "runtime=llama_cpp&status=admitted", "runtime=diffusers,comfyui"]
    words = ["q=llama", "q=qwen%207b%20instruct", "q=org77", "q=whisper%20medical", "q=mistral-70B"]
    rare = ["q=999999", "q=zzzz", "q=bert%20nothing", "q=turbo%20123456"]
    ids = _slugs()
    return [
        Case("/health", ["/health"]),
        Case("API first page", [api]),
        Case("API first page, lite", [api], "lite key"),
        Case("API deep pages", [f"{api}?cursor={cursor}" for cursor in deep]),
        Case("API deep, lite", [f"{api}?cursor={cursor}" for cursor in deep], "lite key"),
        Case("API deep by parameters", [f"{api}?ordering=-num_params&cursor={c}" for c in params]),
        Case("API one filter", [f"{api}?{query}" for query in one]),
        Case("API two filters", [f"{api}?{query}" for query in two]),
        Case("API ranges", [f"{api}?{query}" for query in more]),
        Case("API fits a device", [f"{api}?{query}" for query in fits]),
        Case("API many values", [f"{api}?{query}" for query in wide]),
        Case("API runtimes", [f"{api}?{query}" for query in runs]),
        Case("API words", [f"{api}?{query}" for query in words]),
        Case("API rare words", [f"{api}?{query}" for query in rare]),
        Case("API one model", [f"{api}/{slug}" for slug in ids]),
        Case("/health, past the front", ["/health"], direct=True),
        Case("API first, past the front", [api], direct=True),
        Case("API deep, past the front", [f"{api}?cursor={c}" for c in deep], direct=True),
        Case("Models page", [page], "session"),
        Case("Models page deep", [f"{page}?cursor={cursor}" for cursor in deep], "session"),
        Case("Models page, one filter", [f"{page}?{query}" for query in one], "session"),
        Case("Models page, two filters", [f"{page}?{query}" for query in two], "session"),
        Case("Models page, fits", [f"{page}?{query}" for query in fits], "session"),
        Case("Models page, runtimes", [f"{page}?{query}" for query in runs], "session"),
        Case("Models page, many values", [f"{page}?{query}" for query in wide], "session"),
        Case("Models page, words", [f"{page}?{query}" for query in words], "session"),
    ]


def _slugs() -> list[str]:
    from registry.models import Model

    return list(Model.objects.order_by("-updated_at").values_list("slug", flat=True)[:100])


def _queries(case: Case, callers: dict[str, dict[str, str]]) -> int:
    """Count the queries of a request inside this process: of the second, with caches warm."""
    from django.db import connection
    from django.test import Client
    from django.test.utils import CaptureQueriesContext

    client, headers = Client(headers={"host": "localhost"}), callers[case.caller]
    client.get(case.paths[0], headers=headers)
    with CaptureQueriesContext(connection) as found:
        client.get(case.paths[0], headers=headers)
    return len(found)


def _timings(
    options: argparse.Namespace, case: Case, headers: dict[str, str], address: int | Path
) -> list[_load.Timings]:
    _load.measure(address, case.paths, headers, connections=4, requests=60)  # warm
    return [
        _load.measure(
            address,
            case.paths,
            headers,
            connections=connections,
            requests=options.requests * (1 if connections == 1 else 4),
        )
        for connections in CONNECTIONS
    ]


def _table(
    options: argparse.Namespace,
    cases: list[Case],
    callers: dict[str, dict[str, str]],
    queries: dict[str, int],
    addresses: tuple[int, Path],
) -> None:
    print_head()
    base: list[_load.Timings] | None = None
    for case in cases:
        timings = _timings(options, case, callers[case.caller], addresses[case.direct])
        base = base or timings
        print_row(case.name, queries[case.name], timings, base)


def print_head() -> None:
    print(
        f"{'':28}{'queries':>8}"
        + "".join(f"{f'p50/p95 ms at {n}':>20}{'req/s':>8}{'x':>6}" for n in CONNECTIONS)
    )


def print_row(
    name: str, queries: int, timings: list[_load.Timings], base: list[_load.Timings] | None = None
) -> None:
    cells = ""
    for number, one in enumerate(timings):
        ratio = f"{one.at(0.5) / base[number].at(0.5):.1f}" if base else ""
        cells += f"{f'{one.at(0.5):.1f} / {one.at(0.95):.1f}':>20}{one.rate:>8.0f}{ratio:>6}"
    print(f"{name:28}{queries:>8}{cells}", flush=True)
