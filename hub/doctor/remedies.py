"""What each probe says: in a word when all is well, and what to set where it is not."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Words:
    """`sound` holds when nothing was found; `settings` are lines for a kind of proxy each."""

    sound: str
    mend: str
    settings: tuple[tuple[str, str], ...] = ()


WORDS: Final = {
    # Of the first answer: one of these spoils all that follows.
    "answers": Words(
        "Somebody answers.",
        "Is the yard running, does the name lead to the proxy, is its certificate trusted?",
    ),
    "direct": Words(
        "The address leads nowhere else.",
        "Put the address that it leads to into HF_ENDPOINT: at a redirect clients lose their key"
        " or their method.",
    ),
    "hub": Words(
        "The Hub of a yard answers at this address.",
        "Does this address lead to the yard, and not to a sign-in or block page of the proxy?",
    ),
    "prefix": Words(
        "The path arrives as it was sent.",
        "HF_ENDPOINT ends with /hf, and the path is passed on as it is, with nothing removed.",
        (("nginx", "proxy_pass http://yard;"), ("Apache", "ProxyPass /hf http://yard/hf nocanon")),
    ),
    "authorization": Words(
        "The key arrives.",
        "Pass the header Authorization on; the proxy can have no password of its own at this"
        " address.",
        (("nginx", "auth_basic off;"),),
    ),
    "key": Words("The key reads.", "Make a key with the scope read on the Keys page."),
    # Of the way.
    "headers": Words(
        "The headers that clients read arrive as they were sent.",
        "Pass all response headers on, and lines of 1 kB: none hidden, no list of allowed ones.",
        (("nginx", "proxy_buffer_size 16k;"),),
    ),
    "head": Words(
        "A HEAD arrives as HEAD.",
        "Pass HEAD on as HEAD, or have no cache for /hf.",
        (("nginx", "proxy_cache_convert_head off;"),),
    ),
    "packing": Words(
        "Nothing is packed on the way.",
        "Do not compress below /hf.",
        (("nginx", "gzip off;"), ("Apache", "SetEnv no-gzip 1")),
    ),
    "paths": Words(
        "Odd letters in addresses arrive as they were sent.",
        "Pass addresses on undecoded.",
        (
            ("nginx", "proxy_pass http://yard;"),
            ("Apache", "AllowEncodedSlashes NoDecode"),
            ("Apache", "ProxyPass /hf http://yard/hf nocanon"),
        ),
    ),
    "link": Words(
        "The next page of a list is at this address.",
        "Tell the yard its address: pass Host and X-Forwarded-Proto on, and set PUBLIC_URL to it.",
        (
            ("nginx", "proxy_set_header Host $http_host;"),
            ("nginx", "proxy_set_header X-Forwarded-Proto $scheme;"),
            ("Apache", "ProxyPreserveHost On"),
        ),
    ),
    "redirects": Words(
        "A redirect arrives as it was sent.",
        "Pass redirects on as they are, and follow none.",
        (("nginx", "proxy_redirect off;"),),
    ),
    "refusals": Words(
        "A refusal arrives with its reason.",
        "Pass errors on as they are.",
        (("nginx", "proxy_intercept_errors off;"), ("Apache", "ProxyErrorOverride Off")),
    ),
    "bodies": Words(
        "A body of 1 MB arrives.",
        "Allow bodies of 2 MB.",
        (("nginx", "client_max_body_size 2m;"), ("Apache", "LimitRequestBody 2097152")),
    ),
    "cache": Words(
        "No answer came twice.",
        "Keep no answers below /hf: each is for one key alone.",
        (("nginx", "proxy_cache off;"), ("Apache", 'CacheDisable "/hf"')),
    ),
    "clock": Words(
        "Both clocks tell the same time, within five minutes.",
        "Set the clocks of both machines by NTP.",
    ),
    "registry": Words(
        "OCI clients are given a token below /v2, and it is taken.",
        "Pass /v2 on as /hf is passed on, with Authorization.",
        (
            ("nginx", "location /v2/ { proxy_pass http://yard; }"),
            ("Apache", "ProxyPass /v2 http://yard/v2 nocanon"),
        ),
    ),
    "realm": Words(
        "Who comes to /v2 without a key is sent to this host for a token, or needs none.",
        "Below /v2 pass Host and X-Forwarded-Proto on, and WWW-Authenticate back, as below /hf.",
        (
            ("nginx", "proxy_set_header Host $http_host;"),
            ("nginx", "proxy_set_header X-Forwarded-Proto $scheme;"),
            ("Apache", "ProxyPreserveHost On"),
        ),
    ),
    "parts": Words(
        "The host name that Ollama fetches from leads to the yard.",
        "Let a second host name lead to the yard by the same proxy, and tell the yard.",
        (("the yard", "BYTES_HOST=bytes.example.org"),),
    ),
    # Of the bytes.
    "length": Words(
        "HEAD tells the length of a file.",
        "Leave Content-Length in answers to HEAD: no chunked encoding, no content filter.",
    ),
    "ranges": Words(
        "Parts of a file can be had, or are where its bytes are.",
        "Pass Range on, and 206 and 416 back: no cache that drops it.",
        (("nginx", "proxy_force_ranges off;"), ("nginx", "proxy_cache off;")),
    ),
    "storage": Words(
        "Bytes come from here, or from another host name that gives parts without the key.",
        "Give the object store a host name of its own that clients reach, or let the yard send the"
        " bytes.",
        (("the yard", "BYTES_BY=streams"),),
    ),
    "begin": Words(
        "A large file begins while clients still wait.",
        "Let bytes through as they come, with no scanner that takes the whole file first.",
        (("nginx", "proxy_buffering off;"),),
    ),
    "client": Words(
        "It did all that it was asked to do, and the file it fetched is what the tree tells.",
        "Mend what the other probes found; else the words of the client tell.",
    ),
}
