"""What a page of somebody who is signed in rests on: their session, and what they are."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth import SESSION_KEY
from django.http import HttpRequest

from core.answers import facts
from core.answers.facts import Fact
from core.plans import fetch

_SESSION = """
SELECT ROW(session_key, xmin, ctid)::text AS state FROM django_session
WHERE session_key = %s AND expire_date > statement_timestamp()
"""
_PERSON = """
SELECT ROW(people.id, people.xmin, people.ctid, ARRAY(
    SELECT roles.name FROM auth_group roles JOIN registry_user_groups has
      ON has.group_id = roles.id WHERE has.user_id = people.id ORDER BY roles.name))::text AS state
FROM registry_user people WHERE people.id = %s AND people.is_active
"""


def name_session(request: HttpRequest) -> bool:
    """Name the session and its person as facts; tell whether both are there.

    Call it before anything else of the request looks at them: a state that is older than what is
    shown only has the page made anew, a newer one would keep what is no longer true.
    """
    if not facts.are_noted():
        return False
    key = request.session.session_key or ""
    if not _name(_SESSION, key, facts.rests_on):
        return False
    return _name(_PERSON, request.session.get(SESSION_KEY), facts.asked_by)


def _name(sql: str, value: str | int | None, name: Callable[[Callable[[], Fact]], None]) -> bool:
    rows = fetch(sql, [value])
    if not rows:
        return False
    name(lambda: Fact(sql, (value,), rows[0], plan_kept=True))
    return True
