"""docs/architecture.md tells the rooms as they are."""

import runpy

from conftest import ROOT

WRITER = runpy.run_path(str(ROOT / "docs/architecture.py"))


def test_the_page_and_its_picture_are_up_to_date():
    stale = "stale: run `python docs/architecture.py`"
    assert WRITER["PAGE"].read_text() == WRITER["page"](), stale
    assert WRITER["PICTURE"].read_text() == WRITER["svg"](), stale


def test_every_room_says_what_it_is():
    for package in WRITER["PACKAGES"]:
        for room in set(WRITER["modules"](package).values()):
            assert WRITER["docstring"](package, room), f"{package}.{room} has no docstring"


def test_what_the_page_says_where_to_find_is_there():
    text = WRITER["PAGE"].read_text()
    for place in ("planning/fingerprint.py", "planning/job_list.py", "planning/layout.py", "running/check_outputs.py"):
        assert place in text and (ROOT / "workflow/challengeflow" / place).is_file()
    for place in ("plugins/clog-loss/src/challengeflow_clog_loss/video/decode.py", "workflow/challengeflow/dag.py"):
        assert place in text and (ROOT / place).is_file()
    assert (ROOT / "plugins/mood/src/challengeflow_mood/scoring/average_precision.py").is_file()
