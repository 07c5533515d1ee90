from __future__ import annotations

import pytest

from catalog.cards.bibtex import entries_in
from catalog.cards.papers import paper_at, paper_named
from tests.catalog.cards.reading import PLACE, analysed

ENTRY = """@article{tiny2024,
  title     = {{Tiny}: {A} "Small" Model \\& More},
  author    = {Ada Lovelace and Someone {\\'E}lse},
  journal   = {arXiv preprint arXiv:2401.01234},
  year      = 2024
}"""


@pytest.mark.parametrize(
    ("url", "names"),
    [
        ("https://arxiv.org/abs/2307.09288", ("2307.09288", "")),
        ("http://www.arxiv.org/pdf/2307.09288v2.pdf", ("2307.09288", "")),
        ("https://arxiv.org/pdf/2307.09288v12", ("2307.09288", "")),
        ("https://export.arxiv.org/abs/cs/0102003", ("cs/0102003", "")),
        ("https://huggingface.co/papers/2307.09288", ("2307.09288", "")),
        ("https://doi.org/10.48550/arXiv.2307.09288", ("2307.09288", "")),
        ("https://doi.org/10.1145/3442188.3445922", ("", "10.1145/3442188.3445922")),
        ("https://dx.doi.org/10.1145%2F3442188.3445922", ("", "10.1145/3442188.3445922")),
    ],
)
def test_a_paper_is_known_by_its_address(url, names):
    paper = paper_at(url)
    assert (paper.arxiv, paper.doi) == names
    assert paper.url.startswith("https://")


@pytest.mark.parametrize(
    "url",
    [
        "https://arxiv.org/list/cs.CL/recent", "https://arxiv.org/abs/2399.1", "arxiv.org/abs/1",
        "https://arxiv.org/abs/2307.092889999", "https://huggingface.co/acme/2307.09288",
        "https://evil.example/arxiv.org/abs/2307.09288", "https://doi.org/", "javascript:alert(1)",
        "https://user:pw@arxiv.org/abs/2307.09288", "https://arxiv.org.evil.example/abs/2307.09288",
    ],
)  # fmt: skip
def test_other_addresses_are_no_papers(url):
    assert paper_at(url) is None


def test_papers_come_from_citation_label_links_and_tags_in_this_order_each_once():
    card = analysed(
        "---\ntags: ['arxiv:2105.00001', 'doi:10.1000/xyz', 'arxiv:2401.01234', chat]\n---\n"
        "Built on [LoRA](https://arxiv.org/abs/2106.09685).\n\n"
        "- **Paper:** [Tiny](https://openreview.net/forum?id=a)\n\n"
        f"## Citation\n\n```bibtex\n{ENTRY}\n```\n"
    )
    found = [(paper.arxiv or paper.doi or paper.url, paper.title) for paper in card.papers]
    assert found == [
        ("2401.01234", 'Tiny: A "Small" Model & More'),
        ("https://openreview.net/forum?id=a", ""),
        ("2106.09685", ""),
        ("2105.00001", ""),
        ("10.1000/xyz", ""),
    ]
    assert card.papers[0].evidence.section == "Citation"


def test_the_paper_that_the_hub_s_template_cites_is_no_paper_of_the_model():
    text = (
        "## Environmental Impact\n\nCarbon emissions can be estimated as in"
        " [Lacoste et al. (2019)](https://arxiv.org/abs/1910.09700).\n"
    )
    assert analysed(text, PLACE.__class__(tags=("arxiv:1910.09700",))).papers == ()


@pytest.mark.parametrize(
    ("entry", "names"),
    [
        ("@misc{a, title={T one two}, eprint={2307.09288}, archivePrefix={arXiv}}", "2307.09288"),
        ("@misc{a, title={T}, url = {https://arxiv.org/abs/2307.09288}}", "2307.09288"),
        ('@inproceedings{a, title="Quoted {T}", doi="10.1000/xyz"}', "10.1000/xyz"),
        ("@article{a,title={T},doi={https://doi.org/10.1000/xyz}}", "10.1000/xyz"),
        ("@inproceedings{a, title = {Only a Title}, year = 2020}", "Only a Title"),
        ("@software{a, title = {A Tool}, url = {https://github.com/a/b}}", None),
        ("@misc{a, title = {A Page}}", None),
        ("@article{a, title = {never closed", None),
        ("@article{a", None),
        ("not bibtex at all", None),
    ],
)
def test_bibtex_names_papers_and_leaves_software_out(entry, names):
    card = analysed(f"## Citation\n\n```\n{entry}\n```\n")
    found = [paper.arxiv or paper.doi or paper.title for paper in card.papers]
    assert found == ([] if names is None else [names])


@pytest.mark.parametrize(
    "text",
    ["@a{b,", "@article{" * 9000, "@article{a, t={" * 4000, "@article{a, " + "{" * 50_000,
     '@article{a, t="' + "x" * 50_000, "@ab" * 20_000],
)  # fmt: skip
def test_hostile_bibtex_ends(text):
    assert len(list(entries_in(text))) <= 20


def test_front_matter_names_papers_in_several_ways():
    card = analysed("---\narxiv: [2401.00001]\npaper: https://arxiv.org/abs/2401.00002\n---\n")
    assert [paper.arxiv for paper in card.papers] == ["2401.00002"]  # 2401.00001 is a number there
    quoted = analysed("---\narxiv: '2401.00001'\ndoi: 10.1000/xyz\n---\n")
    assert [paper.arxiv or paper.doi for paper in quoted.papers] == ["2401.00001", "10.1000/xyz"]
    assert paper_named("arXiv:2401.00001v3").arxiv == "2401.00001"
    assert paper_named("nothing of the kind") is None


def test_there_is_an_end_of_papers():
    links = "".join(f"- https://arxiv.org/abs/2401.{n:05}\n" for n in range(60))
    assert len(analysed(links).papers) == 20
