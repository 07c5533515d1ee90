"""`python -m bench [NAME ...]`: run the measurements and print tables; nothing is asserted."""

from __future__ import annotations

import argparse
from importlib import import_module
from pkgutil import iter_modules

import bench


def names() -> list[str]:
    """Every module of this package with a `run(options)`; names with `_` first are parts."""
    found = [module.name for module in iter_modules(bench.__path__)]
    return sorted(name for name in found if not name.startswith("_"))


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(names())}")
    parser.add_argument("--rows", type=int, default=1_000_000, help="versions in the catalog")
    parser.add_argument("--records", type=int, default=500, help="models to extract")
    parser.add_argument("--megabytes", type=int, default=2_000, help="size of a large model")
    parser.add_argument("--requests", type=int, default=300, help="requests per connection count")
    parser.add_argument("--seconds", type=int, default=600, help="how long fuzz goes on")
    parser.add_argument("--seed", type=int, default=0, help="of what fuzz picks")
    parser.add_argument("--readers", default="", help="Python of an environment that fuzz loads in")
    parser.add_argument("--input", default="", help="the one heavy input that `memory` tries")
    parser.add_argument("--corpus", default="", help="folder with a manifest.jsonl for `peers`")
    options = parser.parse_args()
    for name in options.names or names():
        if name not in names():
            parser.error(f"there is no measurement {name!r}; known: {', '.join(names())}")
        import_module(f"bench.{name}").run(options)


if __name__ == "__main__":
    main()
