"""BibTeX with author, title and year, from a citation in words."""

from challengeflow.reporting.cite import Reference, bibtex

CASES = {
    "Cho, Kang and Park (2022): Self-supervised 3D Detection. DOI 10.1007/978": (
        "author = {Cho and Kang and Park}",
        "title = {{Self-supervised 3D Detection}}",
        "year = {2022}",
        "note = {DOI 10.1007/978. Used for: a model}",
    ),
    "Sun et al. (2021): The Dataset: Mouse Interactions. NeurIPS.": (
        "author = {Sun and others}",
        "title = {{The Dataset: Mouse Interactions}}",
        "note = {NeurIPS. Used for: a model}",
    ),
    "van den Oord, Li and Vinyals (2018): Coding": (
        "author = {van den Oord and Li and Vinyals}",
        "title = {{Coding}}",
        "note = {Used for: a model}",
    ),
    "a web page of 2020": ("title = {{a model}}", "note = {a web page of 2020}"),
}


def test_author_title_and_year_are_told_apart():
    for text, expected in CASES.items():
        entry = bibtex([Reference("key", "a model", text)])
        assert entry.startswith("@misc{key,") and "@software{challengeflow," in entry
        for line in expected:
            assert f"  {line},\n" in entry, entry


def test_no_shipped_citation_is_without_author_title_and_year():
    from challengeflow.planning.plugins import registry
    from challengeflow.reporting.cite import PARTS

    found = registry()
    texts = [challenge.citation for challenge in found.challenges.values()]
    for text in [*texts, *(model.citation for model in found.models.values() if model.citation)]:
        assert PARTS.fullmatch(text), text
