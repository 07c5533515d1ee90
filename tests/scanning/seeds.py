"""Files of every format that the tests make, for `bench fuzz` to change: names and contents."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from tests.scanning import (
    test_containers,
    test_graph_paths,
    test_hidden_data,
    test_odd_containers,
    test_plain_files,
    test_plain_weights,
    test_r_data,
    test_tables_and_boosters,
    test_tar,
    test_tensor_fuzz,
)

# Content decides, so one name does for all; where a loader goes by the name, it is that one.
_BY_NAME: tuple[tuple[str, Mapping[str, object]], ...] = (
    ("model.bin", test_plain_weights.WHOLE),
    ("saved_model.pb", test_graph_paths.UNSAFE),
    ("saved_model.pb", test_graph_paths.CLEAN),
    ("model.pt", test_containers.UNSAFE),
    ("model.pt", test_containers.CLEAN_FILES),
    ("model.pt", test_odd_containers.UNSAFE),
    ("model.pt", test_odd_containers.CLEAN_FILES),
    ("model.tar", test_tar.UNSAFE),
    ("media", test_hidden_data.PICTURES),
    ("media", test_hidden_data.MEDIA),
    ("table", {name: one[0] for name, one in test_tables_and_boosters.TABLES.items()}),
    ("model.ubj", {name: one[0] for name, one in test_tables_and_boosters.BOOSTERS.items()}),
    ("model.rds", {str(content): content for content, _ in test_r_data.FILES}),
)


def seeds() -> Iterator[tuple[str, bytes]]:
    """Names as the engines are told them, and contents. Some would act: they are only scanned."""
    yield from ((name, content) for _, name, content in test_tensor_fuzz.SEEDS)
    yield from test_plain_files.CLEAN.items()
    for name, contents in _BY_NAME:
        yield from ((name, one) for one in contents.values() if isinstance(one, bytes))
