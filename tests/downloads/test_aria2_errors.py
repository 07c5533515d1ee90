"""What aria2 says of a transfer that broke off, in the words of our errors."""

from __future__ import annotations

import pytest

from core.errors import (
    StorageError,
    StorageFullError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from downloads.fetchers import FetchRequest, staging_path
from downloads.fetchers.aria2 import meaning_of
from downloads.fetchers.aria2_rpc import Status


@pytest.mark.parametrize(
    ("code", "message", "error"),
    [
        (3, "Resource not found", UpstreamNotFoundError),
        (24, "Authorization failed.", UpstreamForbiddenError),
        (22, "The response status is not successful. status=403", UpstreamForbiddenError),
        (22, "The response status is not successful. status=404", UpstreamNotFoundError),
        (29, "The response status is not successful. status=503", UpstreamError),
        (9, "not enough space", StorageFullError),
        (17, "cause: No space left on device", StorageFullError),
        (16, "Failed to open", StorageError),
        (2, "Timeout.", UpstreamError),
        (6, "http://host/f?sig=secret broke", UpstreamError),
        (19, "name resolution", UpstreamError),
        (1, "Got EOF from the server.", UpstreamError),
    ],
)
def test_every_error_of_aria2_has_its_meaning(tmp_path, code, message, error):
    status = Status("error", 10, 0, 0, 0, code, message)
    request = FetchRequest("http://host/f?sig=secret", 10, staging_path(tmp_path, "f"), "f")
    meaning = meaning_of(status, request)
    assert type(meaning) is error
    assert "secret" not in str(meaning)
