"""The rules that findings about containers name."""

from __future__ import annotations

from scanning.scanners.base import Rule

_CWE = "https://cwe.mitre.org/data/definitions/"
_CONFUSION = f"{_CWE}436.html"  # two readers see two different files
_HIDDEN = f"{_CWE}506.html"

CONTAINER_RULES: dict[str, Rule] = {
    "archive_bomb": Rule("A member unpacks enormously", f"{_CWE}409.html"),
    "archive_escape": Rule("A member is written outside of its folder", f"{_CWE}22.html"),
    "archive_link": Rule("A member is a link or a device", f"{_CWE}59.html"),
    "archived_code": Rule("An archive carries code", f"{_CWE}829.html"),
    "polyglot": Rule("A file has two formats at once", _CONFUSION),
    "picture_hidden_data": Rule("A picture carries bytes that no viewer shows", _HIDDEN),
    "numpy_size": Rule("An array has another size than its header says", _HIDDEN),
    "tar_hidden_data": Rule("A tar archive has bytes behind its last member", _HIDDEN),
    "tar_contradictory": Rule("A tar archive says two things of one member", _CONFUSION),
    "tar_duplicate": Rule("A tar archive has two members of one name", _CONFUSION),
    "zip_hidden_data": Rule("A zip archive has bytes that belong to no member", _HIDDEN),
    "zip_row": Rule("A file is several zip archives in a row", _CONFUSION),
    "zip_overlap": Rule("Members of a zip archive share the same bytes", f"{_CWE}409.html"),
    "zip_duplicate": Rule("A zip archive has two members of one name", _CONFUSION),
    "zip_directories": Rule("A zip archive has contradictory directories", _CONFUSION),
    "zip_name_mismatch": Rule("A zip member has two names", _CONFUSION),
    "zip_method_mismatch": Rule("A zip member is packed in two ways", _CONFUSION),
    "zip_size_mismatch": Rule("A zip member has two sizes", _CONFUSION),
    "zip_crc_mismatch": Rule("A zip member has a wrong checksum", f"{_CWE}354.html"),
    "zip_encrypted": Rule("A zip member claims to be encrypted", _CONFUSION),
    "skops_dangerous": Rule(
        "A skops file names what runs code",
        "https://github.com/advisories/GHSA-m7f4-hrc6-fwg3",
    ),
    "skops_unknown": Rule("A skops file names what is not known to be safe", f"{_CWE}502.html"),
    "torchscript_operator": Rule(
        "TorchScript reads or writes files",
        "https://github.com/advisories/GHSA-53q9-r3pm-6pq6",
    ),
    "torchscript_python": Rule(
        "Python where TorchScript belongs", "https://cwe.mitre.org/data/definitions/94.html"
    ),
    "torchscript_library": Rule("TorchScript needs operators of a library", f"{_CWE}829.html"),
}
