"""What each request of `routes.py` is answered, to whom: one rule a request, in the same order.

A request that is not allowed for says so in the order in which a route asks: is there a caller,
have they the scopes that it asks of everybody, is what it names theirs to know of, may they do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from registry.enums import Scope, Tier
from tests.architecture.callers import ALL, OUT, scopes_of

READ, REQUEST, OPERATE, CURATE, ADMIN = Scope
STEWARD = (OPERATE, CURATE)
SIGN_IN = "sent to sign in"
Answer = int | str
Edge = Literal["anybody", "api", "page", "hub", "key"]


@dataclass(frozen=True)
class Rule:
    """`done` is the answer to who is let through; `first` are scopes of which all are needed.

    `any_of`, where given, are scopes of which one is: asked `before` or after what is named is
    looked up, and told by `lacking`. `hidden` is the answer about what a caller may not know of.
    """

    edge: Edge
    done: int
    first: tuple[Scope, ...] = ()
    any_of: tuple[Scope, ...] = ()
    before: bool = False
    lacking: int = 403
    hidden: int = 404

    def answer(self, kind: str, tier: str | None) -> Answer:
        """What a caller of this kind is answered about something of a tier, None for nothing."""
        may, means = scopes_of(kind), ALL[kind][1]
        if self.edge == "anybody":
            return self.done
        if stopped := self._at_the_door(kind, means):
            return stopped
        lacks = bool(self.any_of) and may.isdisjoint(self.any_of)
        if not may.issuperset(self.first) or (self.before and lacks):
            return 403
        if tier is not None and tier not in Tier.up_to(ALL[kind][0]):
            return self.hidden
        return self.lacking if lacks else self.done

    def _at_the_door(self, kind: str, means: str) -> Answer | None:
        nobody = kind == "anonymous" or kind in OUT
        if self.edge == "page":
            return SIGN_IN if nobody or "session" not in means else None
        if self.edge == "key":
            return 401 if nobody or "session" in means else None
        return 401 if nobody else None


def anybody(done: int = 200) -> Rule:
    return Rule("anybody", done)


def api(done: int = 200, *first: Scope, **values) -> Rule:
    return Rule("api", done, first or (READ,), **values)


def page(done: int = 200, *first: Scope, **values) -> Rule:
    return Rule("page", done, first, **values)


def hub(done: int = 200) -> Rule:
    return Rule("hub", done, (READ,))


def steered(done: int) -> Rule:
    """A run of somebody else: stewards steer it, to all others it is not there."""
    return api(done, REQUEST, any_of=STEWARD, lacking=404)


def others(done: int) -> Rule:
    return page(done, any_of=STEWARD, lacking=404)


def by_steward(done: int) -> Rule:
    return api(done, any_of=STEWARD, before=True)


def by_curator(done: int) -> Rule:
    return api(done, any_of=(CURATE,))


def page_of_stewards(done: int) -> Rule:
    return page(done, any_of=STEWARD, before=True)


def changed_by_steward(done: int) -> Rule:
    return page(done, any_of=STEWARD)


def changed_by_curator(done: int) -> Rule:
    return page(done, any_of=(CURATE,))


EXPECTED: dict[str, list[Rule]] = {
    "api:health": [anybody()],
    "api:ready": [anybody(503)],  # no worker beats in a test
    "api:health-detailed": [api()],
    "api:schema": [anybody(), anybody()],
    "api:docs": [anybody()],
    "api:errors": [anybody()],
    "api:models": [api(), api(), api(), api(hidden=403), by_curator(202)],
    "api:model": [api(), api(200, CURATE), api(200, CURATE)],
    "api:model-request": [api(201, READ, REQUEST)],
    "api:model-download": [
        api(200, READ, REQUEST),
        api(202, READ, REQUEST),
        api(400, READ, REQUEST),
    ],
    "api:model-downloads": [api()],
    "api:downloads": [api(), api()],
    "api:plan": [api(404, REQUEST)],
    "api:versions": [api()],
    "api:version": [api(), api()],
    "api:files": [api()],
    "api:version-scan": [api()],
    "api:version-sarif": [api()],
    "api:version-bom": [api()],
    "api:version-whole": [by_curator(409), by_curator(409)],
    "api:diff": [api()],
    "api:admit": [by_curator(409)],
    "api:main": [api(), by_curator(200), by_curator(409)],
    "api:watch": [api(), api(any_of=STEWARD)],
    "api:watch-check": [api(202, any_of=STEWARD)],
    "api:events": [api()],
    "api:event-seen": [api(any_of=STEWARD)],
    "api:extract": [api(202, REQUEST)],
    "api:cloud-model-extract": [api(503, REQUEST)],  # no catalog of hosted models is named
    "api:scan": [api(200, READ, REQUEST), api(202, REQUEST)],
    "api:search": [api(200, REQUEST)],
    "api:local-models": [by_steward(200)],
    "api:local-look": [by_steward(202)],
    "api:uploads": [api(200, REQUEST), api(201, REQUEST)],
    "api:upload": [api(404, REQUEST)],
    "api:upload-finish": [api(404, REQUEST)],
    "api:upload-files": [api(412, REQUEST)],
    "api:upload-file": [api(412, REQUEST)],
    "api:workflows": [api()],
    "api:workflow": [api(any_of=STEWARD, lacking=404)],
    "api:workflow-cancel": [steered(409)],
    "api:workflow-retry": [steered(202)],
    "api:transfers": [api(any_of=STEWARD, lacking=404)],
    "api:transfers-steer": [steered(409), steered(409)],
    "api:transfer-steer": [steered(409)],
    "api:notices": [api(), api()],
    "api:notices-read": [api()],
    "api:notice-read": [api(404)],  # somebody else's
    "api:findings": [api(), api(), api(hidden=200)],  # a filter that names what is not there
    "api:engines": [api()],
    "api:demand": [by_steward(200)],
    "api:usage": [api(), api()],
    "api:storage": [by_steward(200)],
    "api:storage-runs": [api(202, READ, OPERATE)],
    "api:storage-fetch": [by_steward(202)],
    "api:hub-checks": [by_steward(200), api(202, READ, OPERATE)],
    "api:waivers": [api(), api(hidden=200), api(400, CURATE)],
    "api:waiver": [api(), api(200, CURATE)],
    "api:bundles": [by_steward(404), by_steward(404)],
    "api:bundle": [api(404)],
    "api:bundle-file": [api(404)],
    "api:bundle-import": [by_steward(404)],
    "catalog:overview": [page()],
    "catalog:models": [page(), page(), page(hidden=403)],
    "catalog:model": [page()],
    "catalog:model-fit": [page(302)],
    "catalog:model-files": [page()],
    "catalog:model-scan": [page()],
    "catalog:model-license": [page()],
    "catalog:model-versions": [page()],
    "catalog:version-diff": [page()],
    "catalog:model-compare": [page(302)],
    "catalog:version-admit": [changed_by_curator(422)],
    "catalog:version-scan": [changed_by_steward(302)],
    "catalog:version-whole": [changed_by_curator(302)],
    "catalog:version-rest": [changed_by_curator(302)],
    "catalog:model-rule": [changed_by_steward(302)],
    "catalog:model-check": [changed_by_steward(302)],
    "catalog:event-seen": [changed_by_steward(302)],
    "catalog:model-main": [changed_by_curator(302)],
    "catalog:model-main-release": [changed_by_curator(422)],
    "catalog:model-request": [page(302)],
    "catalog:import": [page()],
    "catalog:import-preview": [page()],
    "catalog:import-start": [page(302)],
    "catalog:upload": [page()],
    "catalog:upload-end": [page(404)],
    "catalog:local": [page_of_stewards(200)],
    "catalog:local-look": [page_of_stewards(302)],
    "catalog:local-import": [page_of_stewards(302)],
    "catalog:bundle": [page_of_stewards(404)],
    "catalog:bundle-import": [page_of_stewards(404)],
    "catalog:bundle-export": [page_of_stewards(409)],
    "catalog:bundle-file": [page_of_stewards(404)],
    "catalog:waive_finding": [page(200, CURATE), page(422, CURATE)],
    "catalog:waiver-end": [page(302, CURATE)],
    "catalog:jobs": [page(), page()],
    "catalog:job": [others(200)],
    "catalog:job-cancel": [others(409)],
    "catalog:job-retry": [others(302)],
    "catalog:job-transfers": [others(409)],
    "catalog:job-file": [others(409)],
    "catalog:scans": [page(), page(), page(hidden=200)],
    "catalog:scan-again": [page_of_stewards(302)],
    "catalog:demand": [page_of_stewards(200)],
    "catalog:usage": [page(), page(), page()],
    "catalog:storage": [page_of_stewards(200)],
    "catalog:storage-start": [page(302, OPERATE)],
    "check:page": [page_of_stewards(200), page_of_stewards(404)],
    "check:start": [page(302, OPERATE)],
    "catalog:storage-fetch": [page_of_stewards(302)],
    "catalog:approvals": [page(200, CURATE)],
    "catalog:approval": [page(200, CURATE)],
    "catalog:approval-approve": [page(422, CURATE)],
    "catalog:approval-refuse": [page(302, CURATE)],
    "registry:keys": [page()],
    "registry:key-create": [page()],
    "registry:ollama-key-create": [page(422)],
    "registry:key-revoke": [page(404)],
    "registry:notices": [page()],
    "registry:notices-read": [page(302)],
    "registry:notice-read": [page(404)],
    "hub:serve": [
        hub(),
        hub(),
        anybody(),
        Rule("key", 200),
        *[hub()] * 8,
        hub(503),  # no store holds the bytes of the factory
        hub(404),
        *[hub(503)] * 2,
        hub(404),
        *[hub()] * 3,
        *[anybody()] * 3,
        *[hub(404)] * 2,  # no datasets are here
        *[anybody(501)] * 2,
        anybody(404),
    ],
    "oci:serve": [hub(), anybody(401), hub(400), hub(400), hub(307), hub(), anybody(404)],
    "manifest": [hub(400)],  # no version of the factory has a GGUF
    "nothing here": [anybody(404), anybody(404)],
}


def expected_of(name: str, number: int, kind: str, tier: str | None) -> Answer:
    """What a request of a route is answered, about something of a tier or about nothing."""
    return SPECIAL[name][kind] if name in SPECIAL else EXPECTED[name][number].answer(kind, tier)


def told(status: int, text: str) -> Answer:
    """What was answered, in the words of the rules."""
    return SIGN_IN if status == 302 and "\nLocation: /sign-in/" in f"\n{text}" else status


def special(answers: dict[str, Answer], usual: Answer) -> dict[str, Answer]:
    return dict.fromkeys(ALL, usual) | answers


def _with(means: str) -> list[str]:
    return [kind for kind in ALL if means in kind and kind not in OUT]


_SESSIONS = _with("session")
_KEYS_OUT = {kind: 401 for kind in OUT if "session" not in kind}
# Those that no rule tells: the first is for who stands beside the machine, or is an admin.
SPECIAL: dict[str, dict[str, Answer]] = {
    "api:metrics": special(
        {
            **dict.fromkeys(["anonymous", "session of somebody who is out"], 200),
            **dict.fromkeys([kind for kind in ALL if ADMIN in scopes_of(kind)], 200),
            **_KEYS_OUT,
        },
        403,
    ),
    "registry:sign-in": special(dict.fromkeys(_SESSIONS, 302), 200),
    "registry:admin-sign-in": special(dict.fromkeys(_SESSIONS, 403), SIGN_IN),
    "registry:sign-out": special({}, SIGN_IN),
}
