"""What a job says it needs grows with its work, and status shows it beside what was measured."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from digits import challengeflow_digits

from challengeflow import Resources
from challengeflow.planning.config import resolve
from challengeflow.planning.growth import stated
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import plans
from challengeflow.planning.plugins import Registry
from challengeflow.reporting.needs import lines


@pytest.fixture
def train(tmp_path):
    """The training of a fold whose shard has 2500 samples in its table and 3 MB of data."""
    config = {"results": str(tmp_path), "challenges": {"digits": {"datasets": {"few": {"source": "demo", "folds": 2}}}}}
    found = Registry([("digits", challengeflow_digits, "digits 1.0")])
    (plan,) = plans(resolve(config, found)).values()
    job = Jobs(plan, found).get("train", "few", "logistic", "0")
    table = next(path for path in map(tmp_path.joinpath, job.inputs) if path.suffix == ".csv")
    table.parent.mkdir(parents=True)
    table.write_text("sample,split,group\n" + "s,train,g\n" * 2500)
    data = next(path for path in map(tmp_path.joinpath, job.inputs) if "prepared" in path.parts)
    data.mkdir(parents=True)
    (data / "data.bin").write_bytes(bytes(3_000_000 - table.stat().st_size))
    return job


@pytest.mark.parametrize(
    ("resources", "expected"),
    [
        (Resources(mem_mb=100, runtime=10), (100, 10)),
        (Resources(mem_mb=100, runtime=10, mem_mb_per_1000=4, runtime_per_1000=2), (110, 15)),
        (Resources(mem_mb=100, runtime=10, mem_mb_per_gb=1000, runtime_per_gb=100), (103, 11)),
    ],
)
def test_needs_grow_with_samples_and_bytes(train, resources, expected):
    found = stated(replace(train, resources=resources))
    assert (found.mem_mb, found.runtime) == expected


def test_what_is_not_there_yet_does_not_count(tmp_path, train):
    growing = Resources(mem_mb=100, mem_mb_per_1000=4, runtime_per_gb=1)
    elsewhere = replace(train, inputs=("no/such.csv", "no/such/folder"), resources=growing)
    assert stated(elsewhere) == growing


def test_what_was_stated_is_shown_beside_what_was_measured(train):
    note = {"peak_memory_mb": 70.4, "seconds": 90}
    path = Path(f"{train.outputs[0]}.provenance.json")
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps(note))
    (said,) = lines([replace(train, resources=Resources(mem_mb=500, runtime=60))])
    assert " ".join(said.split()) == "digits train logistic took up to 70 of 500 MiB and 1.5 of 60 min stated"
