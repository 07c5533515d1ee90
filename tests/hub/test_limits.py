"""How often one caller may ask: what is counted together, what clients read of it and do."""

from __future__ import annotations

import uuid
from types import SimpleNamespace

import huggingface_hub as hf
import pytest
from huggingface_hub.utils import _http, parse_ratelimit_headers

from core import rates
from hub.limits import _network
from registry.callers import Caller
from registry.models import ApiKey
from registry.services.keys import revoke_key
from tests.factories.registry import ApiKeyFactory
from tests.hub.conftest import make_version
from tests.hub.test_client import endpoint

__all__ = ["endpoint"]

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("hub_client")]
LIST = "/api/models"
INFO = "/api/models/{repo}"
TREE = "/api/models/{repo}/tree/main"
FILE = "/{repo}/resolve/main/config.json"


@pytest.fixture(autouse=True)
def clock(monkeypatch, settings):
    """Quotas of a test and a time of its own, in whose window nobody has counted anything."""
    settings.HUB_RATE_API, settings.HUB_RATE_FILES, settings.HUB_RATE_PAGES = 3, 5, 2
    settings.HUB_RATE_WINDOW = 300
    now = [float(uuid.uuid4().int % 10**12)]
    monkeypatch.setattr(rates, "time", lambda: now[0])
    monkeypatch.setattr(rates, "_here", rates._Broker())
    return now


def test_every_answer_says_what_is_left(ask, key, version):
    repo = version.model.repo_id
    paths = [path.format(repo=repo) for path in (LIST, TREE, INFO, FILE)]
    found = [ask(path, key=key, method="HEAD") for path in paths]
    told = [parse_ratelimit_headers(answer.headers) for answer in found]
    assert [(info.resource_type, info.remaining, info.limit) for info in told] == [
        ("api", 2, 3),
        ("api", 1, 3),
        ("resolvers", 4, 5),
        ("resolvers", 3, 5),
    ]
    assert {info.window_seconds for info in told} == {300}
    assert all(1 <= info.reset_in_seconds <= 300 for info in told)


@pytest.mark.parametrize(
    ("path", "status"),
    [("/api/models/no/such", 404), ("/api/nothing", 404), ("/api/models?x=1", 400)],
)
def test_an_error_says_it_too(ask, key, path, status):
    answer = ask(path, key=key)
    assert answer.status_code == status
    assert parse_ratelimit_headers(answer.headers) is not None


@pytest.mark.parametrize("path", ["/api/telemetry/x", "/api/agent-harnesses", "/api/datasets"])
def test_what_is_the_same_for_everybody_is_not_counted(ask, key, path):
    answers = [ask(path, key=key) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer for answer in answers)


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_one_too_many_is_told_how_long_to_wait(ask, key, version, method):
    path = TREE.format(repo=version.model.repo_id)
    for _ in range(3):
        assert ask(path, key=key, method=method).status_code == 200
    answer = ask(path, key=key, method=method)
    info = parse_ratelimit_headers(answer.headers)
    assert (answer.status_code, info.remaining) == (429, 0)
    assert answer["Retry-After"] == str(info.reset_in_seconds)
    assert answer["X-Error-Code"] == "TooManyRequests"
    sentence = f"ask again in {info.reset_in_seconds} seconds."
    assert answer["X-Error-Message"].endswith(sentence)
    if method == "GET":
        assert answer.json()["error"].endswith(sentence)


def test_the_next_window_lets_pass_again(ask, key, clock):
    while (answer := ask(LIST, key=key)).status_code == 200:
        pass
    clock[0] += int(answer["Retry-After"])
    assert ask(LIST, key=key).status_code == 200


def test_each_key_each_person_and_each_address_has_its_own(ask, key, client, settings):
    settings.OPEN_CATALOG = True
    other = ApiKeyFactory(user=key.user)
    for who in (key, other, None):
        assert [ask(LIST, key=who).status_code for _ in range(4)] == [200, 200, 200, 429]
    client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/hf{LIST}").status_code == 200


def test_a_key_may_have_its_own_number(ask, key):
    ApiKey.objects.filter(pk=key.pk).update(rate=1)
    assert [ask(LIST, key=key).status_code for _ in range(2)] == [200, 429]
    ApiKey.objects.filter(pk=key.pk).update(rate=9)
    assert ask(LIST, key=key).status_code == 200


def test_without_a_quota_nothing_is_said_or_refused(ask, key, settings):
    settings.HUB_RATE_API = 0
    answers = [ask(LIST, key=key) for _ in range(10)]
    assert {answer.status_code for answer in answers} == {200}
    assert not any("RateLimit" in answer for answer in answers)


def test_a_revoked_key_has_nothing_left_at_once(ask, key):
    assert ask(LIST, key=key).status_code == 200
    revoke_key(caller=Caller(user_id=key.user_id), key=key)
    answers = [ask(LIST, key=key) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [401] * 3 + [429] * 2


def test_a_hidden_model_costs_what_a_missing_one_costs(ask, lite_key, store):
    hidden = make_version(store, model__tier="professional").model.repo_id
    numbers = []
    for repo in (hidden, "no/such"):
        key = ApiKeyFactory(user=lite_key.user)
        answers = [ask(path.format(repo=repo), key=key) for path in (INFO, TREE, FILE)]
        told = [parse_ratelimit_headers(answer.headers) for answer in answers]
        numbers.append([(info.resource_type, info.remaining) for info in told])
    assert numbers[0] == numbers[1]


@pytest.mark.parametrize("address", ["2001:db8::1", "2001:db8:0:0:ffff::2"])
def test_one_network_of_ipv6_is_one_caller(address):
    assert _network(address) == "2001:db8::/64"


def test_the_real_client_waits_as_long_as_it_is_told_and_then_has_it(
    endpoint, key, version, clock, monkeypatch
):
    waits = []

    def sleep(seconds):
        waits.append(seconds)
        clock[0] += seconds

    monkeypatch.setattr(_http, "time", SimpleNamespace(sleep=sleep))
    api = hf.HfApi(endpoint=endpoint, token=key.token)
    for _ in range(5):
        paths = [entry.path for entry in api.list_repo_tree(version.model.repo_id, recursive=True)]
        assert "config.json" in paths
    assert len(waits) == 1
    assert 2 <= waits[0] <= 301


def test_a_question_that_the_client_asks_once_shows_our_numbers(endpoint, key, version, settings):
    settings.HUB_RATE_FILES = 1
    api = hf.HfApi(endpoint=endpoint, token=key.token)
    assert api.model_info(version.model.repo_id).sha == version.commit
    with pytest.raises(hf.errors.HfHubHTTPError, match="'resolvers' rate limit") as raised:
        api.model_info(version.model.repo_id)
    assert raised.value.response.status_code == 429
