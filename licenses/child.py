"""The inside of a license child: foreign texts are read here and nowhere else (`analysis`)."""

from __future__ import annotations

from base64 import b64decode
from typing import Any

from core.sandbox.inside import serve
from licenses.detection.detect import conclude
from licenses.detection.exchange import finding_to_json, statement_from_json, statement_to_json
from licenses.detection.files import read_file


def main() -> None:
    """Answer one request: files one by one, or the finding over what they said."""
    serve(lambda _: _answer)


def _answer(item: dict[str, Any]) -> dict[str, Any]:
    if "content" in item:
        return statement_to_json(read_file(item["path"], b64decode(item["content"])))
    files = [statement_from_json(each) for each in item["files"]]
    return finding_to_json(
        conclude(*item["card"], files=files, count=item["count"], rights=item["rights"])
    )


if __name__ == "__main__":
    main()
