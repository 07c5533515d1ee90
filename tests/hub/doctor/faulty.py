"""A proxy that does one thing wrong, in front of whatever listens at another port."""

from __future__ import annotations

import gzip
import http.client
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import quote, unquote, urlsplit

HOP = {"connection", "transfer-encoding", "keep-alive", "server"}
PAGE = b"<html>Something went wrong</html>"


@dataclass
class Reply:
    status: int
    headers: dict[str, str]
    body: bytes


@dataclass
class Request:
    method: str
    path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Proxy:
    """Passes on what comes; `fault` names what it does wrong, '' for nothing."""

    upstream: str
    key: str
    fault: str = ""
    port: int = 0
    kept: dict[str, Reply] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hf"

    def answer(self, request: Request) -> Reply:
        """Answer by the fault's own words, or pass on."""
        if request.path.startswith("/stored/"):
            return self.stored(request)
        early = getattr(self, f"instead_{self.fault}", None)
        if early and (reply := early(request)):
            return reply
        getattr(self, f"before_{self.fault}", lambda request: None)(request)
        reply = self.passed(request)
        getattr(self, f"after_{self.fault}", lambda request, reply: None)(request, reply)
        return reply

    def passed(self, request: Request) -> Reply:
        connection = http.client.HTTPConnection(urlsplit(self.upstream).netloc, timeout=60)
        try:
            connection.putrequest(
                request.method, request.path, skip_host=True, skip_accept_encoding=True
            )
            for name, value in {**request.headers, "Connection": "close"}.items():
                connection.putheader(name, value)
            connection.endheaders(request.body)
            got = connection.getresponse()
            headers = {name: value for name, value in got.getheaders() if name.lower() not in HOP}
            return Reply(got.status, headers, got.read())
        finally:
            connection.close()

    # Where bytes are, at another name of this machine.
    def stored(self, request: Request) -> Reply:
        if self.fault == "storage_wants_key":
            return Reply(403, {}, b"")
        request.path = request.path.removeprefix("/stored")
        request.headers["Authorization"] = f"Bearer {self.key}"
        if self.fault == "storage_without_ranges":
            request.headers.pop("Range", None)
        return self.passed(request)

    def redirected(self, request: Request, origin: str) -> Reply | None:
        if request.method != "GET" or "/resolve/" not in request.path:
            return None
        return Reply(302, {"Location": f"{origin}/stored{request.path}"}, b"")

    def instead_storage_elsewhere(self, request):
        return self.redirected(request, f"http://localhost:{self.port}")

    instead_storage_wants_key = instead_storage_without_ranges = instead_storage_elsewhere

    def instead_storage_on_the_same_host(self, request):
        return self.redirected(request, f"http://127.0.0.1:{self.port}")

    def instead_storage_away(self, request):
        return self.redirected(request, "http://localhost:1")

    def instead_block_page(self, request):
        return Reply(200, {"Content-Type": "text/html"}, PAGE)

    def instead_other_address(self, request):
        return Reply(301, {"Location": f"https://elsewhere.example{request.path}"}, b"")

    def instead_encoded_slashes_refused(self, request):
        return Reply(404, {}, PAGE) if "%2F" in request.path else None

    def instead_small_bodies(self, request):
        return Reply(413, {}, PAGE) if len(request.body) > 1 << 16 else None

    def instead_cache(self, request):
        return self.kept.get(self.kept_as(request))

    def instead_whole_file_first(self, request):
        is_whole = request.method == "GET" and "Range" not in request.headers
        if is_whole and "/resolve/" in request.path:
            self.ended.wait()

    def instead_registry_unknown(self, request):
        return Reply(404, {}, PAGE) if request.path.startswith("/v2") else None

    def instead_registry_of_others(self, request):
        return Reply(200, {}, b"{}") if request.path.startswith("/v2") else None

    def instead_parts_elsewhere(self, request):
        return Reply(502, {}, PAGE) if request.path.startswith("/v2/-/") else None

    # What arrives at the yard.
    def before_prefix_stripped(self, request):
        request.path = request.path.removeprefix("/hf")

    def before_authorization_lost(self, request):
        request.headers.pop("Authorization", None)

    def before_head_as_get(self, request):
        request.method = "GET"

    def before_decoded(self, request):
        path, mark, query = request.path.partition("?")
        request.path = quote(unquote(path), safe="/#?%+") + mark + query

    def before_host_of_its_own(self, request):
        request.headers["Host"] = urlsplit(self.upstream).netloc

    def before_registry_without_passwords(self, request):
        if request.headers.get("Authorization", "").startswith("Basic"):
            del request.headers["Authorization"]

    def before_registry_of_another_host(self, request):
        if request.path.startswith("/v2"):
            self.before_host_of_its_own(request)

    def before_ranges_lost(self, request):
        request.headers.pop("Range", None)

    # What comes back.
    def after_cache(self, request, reply):
        if request.method == "GET":
            self.kept[self.kept_as(request)] = reply

    def kept_as(self, request: Request) -> str:
        return f"{request.method} {request.path} {request.headers.get('Range')}"

    def after_headers_lost(self, request, reply):
        for name in list(reply.headers):
            if name.lower().startswith("x-") and name.lower() != "x-request-id":
                del reply.headers[name]

    def after_commit_lost(self, request, reply):
        reply.headers.pop("X-Repo-Commit", None)

    def after_quota_lost(self, request, reply):
        for name in ("RateLimit", "RateLimit-Policy"):
            reply.headers.pop(name, None)

    def after_challenge_lost(self, request, reply):
        reply.headers.pop("WWW-Authenticate", None)

    def after_reasons_cut(self, request, reply):
        if "X-Error-Message" in reply.headers:
            reply.headers["X-Error-Message"] = reply.headers["X-Error-Message"][:80]

    def after_gzip(self, request, reply):
        reply.body = gzip.compress(reply.body)
        reply.headers["Content-Encoding"] = "gzip"
        reply.headers.pop("Content-Length", None)

    def after_gzip_where_accepted(self, request, reply):
        if "gzip" in request.headers.get("Accept-Encoding", ""):
            self.after_gzip(request, reply)

    def after_etag_with_a_suffix(self, request, reply):
        if "ETag" in reply.headers:
            reply.headers["ETag"] = f'{reply.headers["ETag"][:-1]}-gzip"'

    def after_link_to_another_scheme(self, request, reply):
        if "Link" in reply.headers:
            reply.headers["Link"] = reply.headers["Link"].replace("<http:", "<https:")

    def after_redirects_followed(self, request, reply):
        if reply.status == 307:
            request.path = reply.headers["Location"]
            followed = self.passed(request)
            reply.status, reply.headers, reply.body = 200, followed.headers, followed.body

    def after_redirects_rewritten(self, request, reply):
        if "Location" in reply.headers:
            reply.headers["Location"] = f"{self.upstream}{reply.headers['Location']}"

    def after_error_pages(self, request, reply):
        if reply.status >= 400:
            reply.headers = {"Content-Type": "text/html"}
            reply.body = PAGE

    def after_clock(self, request, reply):
        reply.headers["Date"] = "Sun, 22 Nov 2015 12:00:00 GMT"

    def after_no_length(self, request, reply):
        if request.method == "HEAD":
            reply.headers.pop("Content-Length", None)


class Handler(BaseHTTPRequestHandler):
    proxy: Proxy

    def handle_one(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        method = self.command
        reply = self.proxy.answer(Request(method, self.path, dict(self.headers.items()), body))
        self.send_response_only(reply.status)
        length = {} if method == "HEAD" else {"Content-Length": str(len(reply.body))}
        for name, value in {**reply.headers, **length, "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        if method != "HEAD":
            self.wfile.write(reply.body)

    def do_GET(self):
        self.handle_one()

    def do_HEAD(self):
        self.handle_one()

    def do_POST(self):
        self.handle_one()

    def log_message(self, *arguments):
        pass


@contextmanager
def running_proxy(proxy: Proxy) -> Iterator[Proxy]:
    handler = type("Own", (Handler,), {"proxy": proxy})
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        proxy.port = server.server_port
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        try:
            yield proxy
        finally:
            proxy.ended.set()
            server.shutdown()
            thread.join()
