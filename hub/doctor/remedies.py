"""What to set where a probe finds a fault, by the name of the probe."""

from __future__ import annotations

from typing import Final

REMEDIES: Final = {
    # Of the first answer: one of these spoils all that follows.
    "answers": "Is the yard running, does the name lead to the proxy, is its certificate trusted?",
    "direct": "Put the address that it leads to into HF_ENDPOINT: at a redirect clients lose their"
    " key or their method.",
    "hub": "Does this address lead to the yard, and not to a sign-in or block page of the proxy?",
    "prefix": "HF_ENDPOINT ends with /hf, and the path is passed on as it is: nginx `proxy_pass`"
    " without a path, Apache `ProxyPass /hf http://yard/hf`.",
    "authorization": "Pass the header Authorization on; the proxy can have no password of its own"
    " at this address.",
    "key": "Make a key with the scope read on the Keys page.",
    # Of the way.
    "headers": "Pass all response headers on, and lines of 1 kB: no `proxy_hide_header`, no list"
    " of allowed headers; nginx `proxy_buffer_size 16k`.",
    "head": "Pass HEAD on as HEAD: nginx `proxy_cache_convert_head off`, or no cache for /hf.",
    "packing": "Do not compress below /hf: nginx `gzip off`, Apache `SetEnv no-gzip 1`.",
    "paths": "Pass addresses on undecoded: nginx `proxy_pass` without a path, Apache"
    " `AllowEncodedSlashes NoDecode` and `nocanon`.",
    "link": "Tell the yard its address: pass Host and X-Forwarded-Proto on (nginx"
    " `proxy_set_header Host $http_host`), and set PUBLIC_URL to it.",
    "redirects": "Pass redirects on as they are: nginx `proxy_redirect off`, and follow none.",
    "refusals": "Pass errors on as they are: nginx `proxy_intercept_errors off`.",
    "bodies": "Allow bodies of 2 MB: nginx `client_max_body_size 2m`.",
    "cache": "Keep no answers below /hf: they are `private, no-cache`.",
    "clock": "Set the clocks of both machines by NTP.",
    # Of the bytes.
    "length": "Leave Content-Length in answers to HEAD: no chunked encoding, no content filter.",
    "ranges": "Pass Range on, and 206 and 416 back: no cache that drops it.",
    "storage": "Give the object store a host name of its own that clients reach, or let the yard"
    " send the bytes (BYTES_BY).",
    "begin": "Let bytes through as they come: nginx `proxy_buffering off`, no scanner that takes"
    " the whole file first.",
    "client": "Mend what the other probes found; else the words of the client tell.",
}
