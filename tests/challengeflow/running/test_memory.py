"""A job over its memory ends with one sentence."""

import subprocess
import sys

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.running.memory import allowed_mb, held_to

GREEDY = """
import numpy as np
from challengeflow.running.memory import held_to
with held_to(300, "train of a/b"):
    kept = []
    {}
"""
PIECES = "while True: kept.append(np.ones(1 << 20))"
AT_ONCE = "kept.append(np.ones(4 << 30, np.uint8))"


@pytest.mark.parametrize("how", [PIECES, AT_ONCE])
def test_a_greedy_job_ends_with_one_sentence(how):
    done = subprocess.run([sys.executable, "-c", GREEDY.format(how)], capture_output=True, text=True, timeout=60)
    assert done.returncode == 1
    assert (
        "train of a/b takes more memory than the 300 MiB it may; give it smaller files" in done.stderr.splitlines()[-1]
    )


def test_a_modest_job_is_left_alone():
    with held_to(4000, "a"):
        assert np.ones(1 << 20).sum() == 1 << 20


def test_the_environment_may_allow_more(monkeypatch):
    assert allowed_mb(1000) == 1000
    monkeypatch.setenv("CHALLENGEFLOW_MEMORY_MB", "8000")
    assert allowed_mb(1000) == 8000
    for wrong in ("8 GB", "-1", "0"):
        monkeypatch.setenv("CHALLENGEFLOW_MEMORY_MB", wrong)
        with pytest.raises(InputError, match="give whole MiB"):
            allowed_mb(1000)
