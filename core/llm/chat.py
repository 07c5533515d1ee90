"""One request to one provider, through the `openai` client over our guarded transport."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

import httpx2
from pydantic import BaseModel, Field, ValidationError

from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    TooLargeError,
    UpstreamError,
    UpstreamRateLimitError,
)
from core.http import BoundedTransport, HttpPolicy, build_client, guarded_transport
from core.llm.base import Provider, Question

LARGEST_ANSWER: Final = 1 << 20
TEMPERATURE: Final = 0.0
_OTHER_LIMIT: Final = {
    "max_tokens": "max_completion_tokens",
    "max_completion_tokens": "max_tokens",
}
_OTHER_FORM: Final = "answers in another form than the protocol has"
# These end a request before any token was made.
_FREE: Final = frozenset({400, 401, 403, 404, 422, 429})
_REFUSED_FORM: Final = frozenset({400, 422})
_REFUSED_KEY: Final = frozenset({401, 403})


@dataclass(eq=False)
class Failed(Exception):  # noqa: N818 it never leaves this package
    """Why one provider gave no answer; never in its own words, which may repeat a key.

    `may_pass` says that another try may help, `was_free` that no token was made, `param` which
    setting the provider named as one it does not take.
    """

    reason: str
    may_pass: bool = False
    retry_after: float | None = None
    was_free: bool = False
    param: str = ""


class _Message(BaseModel):
    content: str | None = None
    refusal: str | None = None


class _Choice(BaseModel):
    message: _Message
    finish_reason: str | None = None


class _Usage(BaseModel):
    prompt_tokens: int = Field(ge=0)
    completion_tokens: int = Field(ge=0)


class _Completion(BaseModel):
    model: str = ""
    choices: list[_Choice] = Field(min_length=1)
    usage: _Usage | None = None


@dataclass(frozen=True, slots=True)
class Reply:
    """The text of an answer; tokens are None where the provider counts none."""

    text: str
    model: str
    tokens_in: int | None
    tokens_out: int | None


@dataclass(frozen=True, slots=True)
class Options:
    """Settings of a request that some providers do not take."""

    limit_name: str
    temperature: float | None = TEMPERATURE
    is_structured: bool = True
    dropped: frozenset[str] = field(default=frozenset())

    def without(self, param: str) -> Options | None:
        """Give the settings without one that was refused; None when there is none left to drop."""
        name = param.partition(".")[0]
        if name in _OTHER_LIMIT and name == self.limit_name:
            changed = replace(self, limit_name=_OTHER_LIMIT[name])
        elif name == "temperature" and self.temperature is not None:
            changed = replace(self, temperature=None)
        elif self.is_structured:
            name, changed = "response_format", replace(self, is_structured=False)
        else:
            return None
        return None if name in self.dropped else replace(changed, dropped=self.dropped | {name})


def complete(provider: Provider, question: Question, options: Options, http: HttpPolicy) -> Reply:
    """Ask once. Raises Failed, with a reason that holds nothing of the key, prompt or answer."""
    # Its records of requests hold whole prompts.
    logging.getLogger("openai").setLevel(logging.WARNING)
    transport = BoundedTransport(guarded_transport(http), LARGEST_ANSWER)
    with build_client(http, transport=transport) as client:
        completion = _completion(_create(client, provider, _body(provider, question, options)))
    choice = completion.choices[0]
    if choice.message.refusal or choice.finish_reason == "content_filter":
        raise Failed("refuses to answer")
    if choice.finish_reason == "length":
        raise Failed(f"did not end within {question.max_tokens} tokens")
    if not choice.message.content:
        raise Failed("answers nothing")
    used = completion.usage
    return Reply(
        choice.message.content,
        completion.model or provider.model,
        used.prompt_tokens if used else None,
        used.completion_tokens if used else None,
    )


def _body(provider: Provider, question: Question, options: Options) -> dict[str, Any]:
    body: dict[str, Any] = {
        "model": provider.model,
        "messages": [
            {"role": "system", "content": question.instructions},
            {"role": "user", "content": question.material},
        ],
        options.limit_name: question.max_tokens,
    }
    if options.temperature is not None:
        body["temperature"] = options.temperature
    if options.is_structured:
        schema = {"name": question.name, "schema": dict(question.schema), "strict": True}
        body["response_format"] = {"type": "json_schema", "json_schema": schema}
    return body


def _create(client: httpx2.Client, provider: Provider, body: Mapping[str, Any]) -> bytes:
    """Send the request; whatever goes wrong becomes a Failed that says it in our words."""
    import openai  # noqa: PLC0415 a second and more

    # Said here, so that no variable of the environment adds to what others are sent.
    headers: dict[str, Any] = {
        "Authorization": f"Bearer {provider.key}" if provider.key else openai.Omit(),
        "OpenAI-Organization": openai.Omit(),
        "OpenAI-Project": openai.Omit(),
    }
    try:
        made = openai.OpenAI(
            api_key=provider.key or "none",
            base_url=provider.base_url,
            max_retries=0,
            http_client=client,
        )
        chat = made.chat.completions.with_raw_response
        content: bytes = chat.create(**body, extra_headers=headers).http_response.content
    except openai.APIStatusError as error:
        raise _of_status(error.status_code, str(error.param or "")) from None
    except openai.APIConnectionError as error:
        raise Failed(f"broke off ({_cause(error)})", may_pass=True) from None
    except UpstreamRateLimitError as error:
        raise _limited(error) from None
    except UpstreamError as error:
        raise Failed(_said(error), may_pass=True) from None
    except (TooLargeError, AddressBlockedError, InvalidInputError) as error:
        raise Failed(error.message, was_free=not isinstance(error, TooLargeError)) from None
    except (openai.OpenAIError, httpx2.HTTPError, httpx2.InvalidURL) as error:
        raise Failed(f"cannot be asked ({type(error).__name__})", was_free=True) from None
    return content


def _of_status(status: int, param: str) -> Failed:
    was_free = status in _FREE
    if status in _REFUSED_KEY:
        return Failed(f"refuses the key (status {status})", was_free=was_free)
    if status in _REFUSED_FORM:
        reason = f"refuses the form of the request (status {status})"
        return Failed(reason, was_free=was_free, param=param[:80] or "?")
    return Failed(f"answers with status {status}", was_free=was_free)


def _limited(error: UpstreamRateLimitError) -> Failed:
    wait = error.details.get("retry_after")
    return Failed(
        "limits our requests",
        may_pass=True,
        retry_after=wait if isinstance(wait, float) else None,
        was_free=True,
    )


def _said(error: UpstreamError) -> str:
    status = error.details.get("upstream_status")
    return f"answers with status {status}" if status else f"does not answer ({_cause(error)})"


def _cause(error: BaseException) -> str:
    return type(error.__cause__ or error).__name__


def _completion(content: bytes) -> _Completion:
    """Read an answer strictly: the library itself takes any JSON for one."""
    try:
        return _Completion.model_validate_json(content)
    except ValidationError:
        raise Failed(_OTHER_FORM) from None
