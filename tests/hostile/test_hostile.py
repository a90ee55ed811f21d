"""A small, seeded part of the attacks; `python tests/hostile/run.py` makes all of them."""

import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))
import run  # also in the processes that the attacks run in

PART = {"mutated_files": 45, "configs": 25, "names": 20, "results_paths": 1, "full_disks": 1}


LONG = ("full_disks", "results_paths")
FAMILIES = [pytest.param(each, marks=[pytest.mark.long] if each in LONG else []) for each in run.families()]


@pytest.mark.parametrize("family", FAMILIES)
def test_a_part_of_the_attacks_is_survived(family):
    if reason := run.without(family):
        pytest.skip(reason)
    numbers = range(PART.get(family, 5))
    found = dict(run.tried(family, 7, numbers))
    assert {number: found.get(number, "no answer") for number in numbers} == dict.fromkeys(numbers)
