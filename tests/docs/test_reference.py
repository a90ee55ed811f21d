"""docs/reference.md is what the docstrings say."""

import runpy
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def test_the_reference_is_up_to_date():
    written = runpy.run_path(str(DOCS / "reference.py"))["page"]()
    assert (DOCS / "reference.md").read_text() == written, "stale: run `python docs/reference.py`"
    for part in (
        "### preprocess",
        "### Challenge",
        "| `max_failed` | `float` | `0.05` |",
        "- `test_a_killed_training_goes_on`",
    ):
        assert part in written
