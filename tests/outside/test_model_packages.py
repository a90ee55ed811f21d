"""Models of each challenge's demo answer in an environment made from wheels, without a network, as where they were
trained."""

import subprocess
import sys

import pytest
from conftest import ROOT


@pytest.mark.long
def test_models_answer_elsewhere_with_the_same_bytes(tmp_path):
    command = [sys.executable, str(ROOT / "benchmarks/model_packages.py"), str(tmp_path / "made")]
    done = subprocess.run(command, capture_output=True, text=True, timeout=1800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| yes |") == 3
