"""What the Hub tells of a model in one answer, its card as it is written."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import quote

from catalog.sources.base import ModelRef

if TYPE_CHECKING:
    from huggingface_hub import HfApi
    from huggingface_hub.hf_api import ModelInfo


def model_info(api: HfApi, ref: ModelRef, *, token: str) -> tuple[ModelInfo, Mapping[str, str]]:
    """Ask as `HfApi.model_info` does, with the sizes of files and what the Hub's scanners say.

    The headers of the answer come with it. The library's own way refuses a whole model for one
    evaluation in its card that names a source without an address, so `card_data` is the object that
    was sent.
    """
    from huggingface_hub import get_session, hf_raise_for_status  # noqa: PLC0415 slow
    from huggingface_hub.hf_api import ModelInfo  # noqa: PLC0415 slow
    from huggingface_hub.utils import build_hf_headers  # type: ignore[attr-defined] # noqa: PLC0415 slow

    at = f"/revision/{quote(ref.revision, safe='')}" if ref.revision else ""
    answer = get_session().get(
        f"{api.endpoint}/api/models/{ref.repo_id}{at}",
        params={"blobs": True, "securityStatus": True},
        headers=build_hf_headers(
            token=token or False,
            library_name=api.library_name,
            library_version=api.library_version,
        ),
    )
    hf_raise_for_status(answer)
    told = answer.json()
    card = told.pop("cardData", None)
    info = ModelInfo(**told)  # type: ignore[no-untyped-call]
    info.card_data = card
    return info, answer.headers
