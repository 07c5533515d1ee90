"""Services given by an address are asked before anything starts; passwords stay unsaid."""

from __future__ import annotations

import os

import pytest

from config.yard.places import YardError
from config.yard.up import check_broker, check_database
from tests.services.ports import free_ports


def test_given_services_that_answer_are_used():
    check_database(os.environ["DATABASE_URL"])
    check_broker(os.environ["REDIS_URL"])


@pytest.mark.parametrize(
    ("check", "url", "words"),
    [
        (check_database, "postgresql://me:s3cret@localhost:{port}/yard", "DATABASE_URL does not"),
        (check_database, "postgresql://me:s3cret@[half/yard", "DATABASE_URL is no address"),
        (check_database, "s3cret", "DATABASE_URL is no address"),
        (check_broker, "redis://:s3cret@localhost:{port}/0", "REDIS_URL does not answer"),
        (check_broker, "amqp://:s3cret@localhost/0", "REDIS_URL is no address"),
    ],
)
def test_what_does_not_answer_is_named_without_its_password(check, url, words):
    (port,) = free_ports(1)
    with pytest.raises(YardError, match=words) as caught:
        check(url.format(port=port))
    assert "s3cret" not in str(caught.value)
