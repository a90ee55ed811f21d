"""Two models in pairs, two runs, and what is said where they cannot be compared."""

import json

import numpy as np
import pytest

from challengeflow.contract.errors import InputError
from challengeflow.reporting.compare import compare
from challengeflow.reporting.paired import difference
from challengeflow.scoring import bootstrap

GROUPS = [f"group {number // 3}" for number in range(60)]
NOTE = {
    "stage": "score",
    "plugin": "a 1.0",
    "code": "aa",
    "versions": {"numpy": "2.4.6"},
    "config": {"seed": 1},
    "inputs": {},
}


def scored(right):
    """An entry of scores.json of right and wrong answers."""
    return {"score": float(np.mean(right)), **bootstrap(GROUPS, lambda drawn: right[drawn].mean())}


@pytest.fixture
def answers():
    """Right answers of a weak model, and of one that is right in a few more cases."""
    weak = np.random.default_rng(0).random(60) < 0.6
    better = weak.copy()
    better[np.flatnonzero(~weak)[::3]] = True
    return weak.astype(float), better.astype(float)


def write(folder, entry, **note):
    folder.mkdir(parents=True)
    (folder / "scores.json").write_text(json.dumps({"splits": {"train": entry}}))
    (folder / "scores.json.provenance.json").write_text(json.dumps(NOTE | note))
    (folder.parents[2] / "leaderboard.csv").touch()


def test_pairs_see_what_intervals_apart_do_not(answers):
    weak, better = map(scored, answers)
    assert weak["interval"][1] > better["interval"][0]  # apart, they overlap
    found = difference(better, weak)
    assert found.score == pytest.approx(better["score"] - weak["score"])
    assert found.holds and 0 < found.low < found.score < found.high and found.wins > 0.97
    assert not difference(weak, weak).holds


def test_lower_is_better_turns_the_gain_round(tmp_path):
    """Errors: A makes smaller ones, so A is ahead and its gain is above 0."""
    small, large = ({"score": s, "resamples": {"of": "x", "scores": [s - 0.1, s + 0.1]}} for s in (1.0, 2.0))
    found = difference(small, large, "lower")
    assert found.score == 1.0 and found.low == pytest.approx(1.0) and found.wins == 1 and found.holds
    for name, entry in (("small", small), ("large", large)):
        write(tmp_path / "a/d" / name, entry)
        path = tmp_path / "a/d" / name / "scores.json"
        path.write_text(json.dumps({"direction": "lower", **json.loads(path.read_text())}))
    text = compare("a/d/small", "a/d/large", str(tmp_path))
    assert "lower is better, B - A +1.0000 [+1.0000, +1.0000], A ahead in 100% of resamples: holds" in text


def test_other_samples_are_not_paired(answers):
    weak, better = map(scored, answers)
    assert difference(better, weak | {"resamples": weak["resamples"] | {"of": "others"}}).low is None
    assert difference(better, {"score": 0.5, "interval": [0.4, 0.6]}).low is None


def test_two_variants(tmp_path, answers):
    for name, entry in zip(("weak", "better"), map(scored, answers), strict=True):
        write(
            tmp_path / "a/d" / name,
            entry,
            config={"models": {name: {"model": "m", "depth": len(name)}, f"beside {name}": {}}},
        )
    text = compare("a/d/better", "a/d/weak", str(tmp_path))
    assert "holds" in text and "  variant.depth: 6 -> 4" in text and "not there" not in text
    assert "generated" not in text
    demo = {"config": {"datasets": {"d": {"source": "demo"}}}}
    (tmp_path / "a/d/index.provenance.json").write_text(json.dumps(demo))
    assert compare("a/d/better", "a/d/weak", str(tmp_path)).count("  (generated data)\n") == 2
    with pytest.raises(InputError, match=r"'a/d/wek' is neither a scored variant .* a/d/better, a/d/weak"):
        compare("a/d/wek", "a/d/weak", str(tmp_path))


def test_two_runs(tmp_path, answers):
    weak, better = map(scored, answers)
    for run in ("old", "new"):
        write(tmp_path / run / "a/d/same", weak)
    write(tmp_path / "old/a/d/model", weak)
    write(
        tmp_path / "new/a/d/model", better, code="bb", plugin="a 2.0", versions={"numpy": "2.5.0"}, config={"seed": 2}
    )
    write(tmp_path / "new/a/d/added", better)
    text = compare(str(tmp_path / "old"), str(tmp_path / "new"), "results")
    assert "only in B: a/d/added" in text
    assert f"a/d/model train: {weak['score']:.4f} -> {better['score']:.4f}" in text and "a/d/same" not in text
    for change in (
        "code of score: aa -> bb",
        "plugin: a 1.0 -> a 2.0",
        "version of numpy: 2.4.6 -> 2.5.0",
        "seed: 1 -> 2",
    ):
        assert f"{change}  (a/d/model)" in text
