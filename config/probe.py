"""Ask an address and end with 0 when the answer is 200: the health check of a container.

python -I config/probe.py http://127.0.0.1:8000/ready
"""

from __future__ import annotations

import sys
import urllib.error
import urllib.request
from http import HTTPStatus

PATIENCE = 10


def probe(address: str) -> str:
    """Give what is wrong with the address, '' when it answers 200."""
    request = urllib.request.Request(address, headers={"Host": "localhost"})  # noqa: S310 an argument of ours
    try:
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:  # noqa: S310 as above
            status = int(answer.status)
    except urllib.error.HTTPError as error:
        error.close()
        return f"{address} answers {error.code}"
    except OSError as error:
        return f"{address} does not answer: {error}"
    return "" if status == HTTPStatus.OK else f"{address} answers {status}"


if __name__ == "__main__":
    sys.exit(probe(sys.argv[1]))
