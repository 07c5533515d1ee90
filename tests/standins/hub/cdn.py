"""The other origin, from which large files come by signed addresses that end."""

from __future__ import annotations

import email.utils
import hmac
import time
from urllib.parse import quote

from tests.standins.hub import resolve, trouble
from tests.standins.hub.exchange import Exchange
from tests.standins.hub.git import File
from tests.standins.hub.repositories import FIRST_COMMIT
from tests.standins.hub.sending import serve
from tests.standins.hub.state import STATE

XML = "application/xml"


class Cdn(Exchange):
    role = "cdn"

    def route(self) -> None:
        trouble.strike(self)
        segments = self.url.path.strip("/").split("/")
        known = len(segments) == 3 and segments[0] == "repos" and segments[2] in STATE.signed
        if not known:
            self._refuse(404, "<Code>NoSuchKey</Code>")
        elif STATE.faults["xet_only"] or not self._is_signed(segments[2]):
            self._refuse(403, "<Code>AccessDenied</Code><Message>Access denied</Message>")
        elif self.headers.get("Authorization"):  # S3 does exactly this
            why = "<Message>Only one auth mechanism allowed</Message>"
            self._refuse(400, f"<Code>InvalidArgument</Code>{why}")
        else:
            self._serve(STATE.signed[segments[2]])

    def _is_signed(self, digest: str) -> bool:
        expires, given = self.first("Expires") or "0", self.first("Signature") or ""
        right = hmac.compare_digest(given, resolve.signature(digest, expires))
        return right and time.time() <= float(expires or 0)

    def _serve(self, file: File) -> None:
        name = quote(file.name)
        headers = {
            "Content-Type": "binary/octet-stream",
            "Content-Disposition": f"attachment; filename*=UTF-8''{name}; filename=\"{name}\";",
            "Last-Modified": email.utils.formatdate(FIRST_COMMIT, usegmt=True),
        }
        if not STATE.faults["no_etag"]:
            headers["ETag"] = f'"{file.lfs}"'
        serve(self, file, headers)

    def _refuse(self, status: int, why: str) -> None:
        self.send(status, f"<Error>{why}</Error>", {}, XML)
