"""`python -m config.yard up`."""

from __future__ import annotations

import sys

from config.yard.given import GivenSettings
from config.yard.up import up

if __name__ == "__main__":
    if sys.argv[1:] != ["up"]:
        sys.exit("usage: python -m config.yard up")
    sys.exit(up(GivenSettings()))
