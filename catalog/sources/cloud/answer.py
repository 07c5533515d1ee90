"""The answer of a BudConnect-compatible service: typed, bounded, strict.

The form is that of `GET /model/models/{uri}/details` of BudConnect. Fields that are not named here
are not read; texts and lists that are longer than is shown are cut; a value of a wrong type makes
the whole answer an error that names the field.
"""

from __future__ import annotations

from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, ValidationError

from core.errors import UpstreamError

MOST: int = 100
Read = TypeVar("Read", bound=BaseModel)


def _cut(value: object, limit: int) -> object:
    if isinstance(value, str):
        return "".join(c if c.isprintable() or c == "\n" else " " for c in value[:limit]).strip()
    return value[:MOST] if isinstance(value, list) else value


Word = Annotated[str, BeforeValidator(lambda value: _cut(value, 200))]
Sentence = Annotated[str, BeforeValidator(lambda value: _cut(value, 1000))]
Text = Annotated[str, BeforeValidator(lambda value: _cut(value, 20_000))]
Words = Annotated[list[Word], BeforeValidator(lambda value: _cut(value, 0))]
Sentences = Annotated[list[Sentence], BeforeValidator(lambda value: _cut(value, 0))]
Numbers = Annotated[dict[Word, float | None], Field(max_length=MOST)]
Amount = Annotated[int, Field(ge=0, le=1 << 53)]
Amounts = Annotated[dict[Word, Amount | None], Field(max_length=MOST)]
Flags = Annotated[dict[Word, bool | None], Field(max_length=MOST)]


class _Part(BaseModel):
    model_config = ConfigDict(strict=True, extra="ignore", allow_inf_nan=False, frozen=True)


class Paper(_Part):
    title: Sentence = ""
    authors: Words = []
    url: Sentence | None = None


class Architecture(_Part):
    type: Word | None = None
    family: Word | None = None
    num_params: Amount | None = None
    model_weights_size: Amount | None = None
    text_config: dict[Word, Any] | None = Field(None, max_length=MOST)
    embedding_config: dict[Word, Any] | None = Field(None, max_length=MOST)


class ArchitectureClass(_Part):
    class_name: Word | None = None
    architecture_family: Word | None = None


class ModelTree(_Part):
    base_model: Words | Word | None = None


class License(_Part):
    key: Word | None = None
    name: Word | None = None
    type: Word | None = None


class Evaluation(_Part):
    name: Word
    score: float


class Extraction(_Part):
    cached: bool | None = None
    from_cache: bool | None = None


class Details(_Part):
    """What a service says of one hosted model; None where it says nothing."""

    uri: Word
    provider_name: Word | None = None
    provider_type: Word | None = None
    description: Text | None = None
    modality: Words | None = None
    endpoints: Words | None = None
    tags: Words | None = None
    tasks: Words | None = None
    languages: Words | None = None
    use_cases: Sentences | None = None
    advantages: Sentences | None = None
    disadvantages: Sentences | None = None
    papers: Annotated[list[Paper], BeforeValidator(lambda value: _cut(value, 0))] | None = None
    evaluations: (
        Annotated[list[Evaluation], BeforeValidator(lambda value: _cut(value, 0))] | None
    ) = None
    github_url: Sentence | None = None
    website_url: Sentence | None = None
    logo_url: Sentence | None = None
    architecture: Architecture | None = None
    architecture_class: ArchitectureClass | None = None
    model_tree: ModelTree | None = None
    license: License | None = None
    tokens: Amounts | None = None
    features: Flags | None = None
    input_cost: Numbers | None = None
    output_cost: Numbers | None = None
    cache_cost: Numbers | None = None
    rate_limits: Amounts | None = None
    media_limits: Numbers | None = None
    deprecation_date: Word | None = None
    extraction_status: Word | None = None
    extraction_metadata: Extraction | None = None

    @property
    def is_cached(self) -> bool:
        """Tell whether the service says that it answered from its cache."""
        told = self.extraction_metadata
        marked = told is not None and (told.cached or told.from_cache)
        return bool(marked) or (self.extraction_status or "").lower() == "cached"


class Listed(_Part):
    """A page of a search: models in the form of Details, without what only those hold."""

    models: Annotated[list[Details], BeforeValidator(lambda value: _cut(value, 0))]


def read_answer(kind: type[Read], content: bytes, service: str) -> Read:
    """Read an answer; one that does not fit is an UpstreamError that names the field."""
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole answer"
        raise UpstreamError(
            f"{service} answers something that is no model's details: {field}: {first['msg']}.",
            field=field,
        ) from error
