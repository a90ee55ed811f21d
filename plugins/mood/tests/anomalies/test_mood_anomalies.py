"""The library of made anomalies: every kind shows, lies in the body, is made again by its recipe, and keeps to its side
of the split.
"""

import json

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mood.anomalies import FITTED, PROXY, STOPPING
from challengeflow_mood.anomalies.blending import seamless
from challengeflow_mood.anomalies.insertion import LEARNT_RADII, MIN_CHANGE, RADII, Body, insert, make
from challengeflow_mood.anomalies.kinds import KINDS
from challengeflow_mood.anomalies.shapes import REACH, SHAPES
from challengeflow_mood.commands import make_toy
from challengeflow_mood.data.alignment import foreground
from challengeflow_mood.data.official_layout import find_layout
from challengeflow_mood.data.volumes import read_scan
from challengeflow_mood.demo.phantoms import phantom


@pytest.fixture(scope="module")
def heads():
    """A healthy head and another one."""
    return [phantom("brain", 44, np.random.default_rng(seed)) for seed in (1, 2)]


def test_every_kind_has_one_purpose():
    assert sorted(FITTED + STOPPING + PROXY) == sorted(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_a_kind_shows_and_its_recipe_makes_it_again(heads, kind):
    volume, foreign = heads
    body = Body(foreground(volume))
    changed, mask, recipe = insert(volume, body, kind, np.random.default_rng(5), foreign)
    assert mask.dtype == np.uint8
    assert mask.sum() >= 20
    assert not mask[~body.mask].any()
    assert changed.min() >= 0 and changed.max() <= 1
    assert np.abs(changed - volume)[mask == 0].max() < 0.5
    assert (np.abs(changed - volume) > MIN_CHANGE)[mask > 0].mean() > 0.8
    assert (changed != volume).sum() < 0.2 * volume.size
    again = make(volume, body, json.loads(json.dumps(recipe)), foreign)
    np.testing.assert_array_equal(again[0], changed)
    np.testing.assert_array_equal(again[1], mask)
    other, _, _ = insert(volume, body, kind, np.random.default_rng(6), foreign)
    assert (other != changed).any()


@pytest.mark.parametrize("kind", ["foreign_patch", "poisson"])
def test_tissue_of_another_scan_needs_one(heads, kind):
    with pytest.raises(InputError, match="another scan"):
        insert(heads[0], Body(foreground(heads[0])), kind, np.random.default_rng(0))


def test_anomalies_to_learn_from_are_smaller_and_larger_than_those_scored(heads):
    body = Body(foreground(heads[0]))
    scored, learnt = (
        [insert(heads[0], body, "noise", np.random.default_rng(n), radii=radii)[2]["radius"] for n in range(24)]
        for radii in (RADII, LEARNT_RADII)
    )
    assert min(learnt) < min(scored) < max(scored) < max(learnt)
    assert np.array(learnt).max() <= LEARNT_RADII[1] * body.side


def test_air_has_no_place_for_an_anomaly():
    with pytest.raises(InputError, match="no foreground"):
        insert(np.zeros((20, 20, 20), np.float32), Body(np.zeros((20, 20, 20))), "noise", np.random.default_rng(0))


@pytest.mark.parametrize("shape", SHAPES)
def test_a_shape_is_one_piece_within_its_reach(shape):
    line = np.arange(-24, 25, dtype=np.float32) / 10
    offsets = np.stack(np.meshgrid(line, line, line, indexing="ij"))
    for seed in range(5):
        inside = SHAPES[shape](offsets, np.random.default_rng(seed)) < 1
        assert inside.sum() > 100
        assert np.abs(offsets[:, inside]).max() <= REACH


def test_seamless_keeps_the_rim_and_the_other_tissues_gradients():
    line = np.linspace(0, 1, 15)
    target = np.broadcast_to(line[:, None, None], (15, 15, 15)).copy()
    other = target + 0.3  # the same gradients: nothing is to be seen
    inside = np.zeros(target.shape, bool)
    inside[4:11, 4:11, 4:11] = True
    np.testing.assert_allclose(seamless(target, other, inside), target, atol=2e-3)
    bump = other.copy()
    bump[7, 7, 7] += 0.5
    result = seamless(target, bump, inside)
    assert result[7, 7, 7] - target[7, 7, 7] > 0.4
    np.testing.assert_array_equal(result[~inside], target[~inside])


def test_a_toy_set_is_in_the_official_layout(tmp_path, capsys):
    command = ["brain", str(tmp_path), "--cases", "4", "--size", "36", "--kinds", "sink,poisson", "--seed", "3"]
    assert make_toy.main(command) == 0
    assert "4 toy cases" in capsys.readouterr().out
    layout = find_layout([tmp_path], "brain")
    names = [f"toy_{number}.nii.gz" for number in range(4)]
    assert list(layout.toy) == list(layout.pixel_labels) == names
    assert list(layout.sample_labels) == [f"{name}.txt" for name in names]
    assert [layout.sample_labels[f"{name}.txt"].text() for name in names] == ["0\n", "1\n", "0\n", "1\n"]
    recipes = json.loads((tmp_path / "brain" / "recipes.json").read_text())
    assert [recipes[name].get("recipe", {}).get("kind") for name in names] == [None, "sink", None, "poisson"]
    again = tmp_path / "again"
    make_toy.main(["brain", str(again), *command[2:]])
    for path in (tmp_path / "brain").rglob("*.nii.gz"):
        assert path.read_bytes()[10:] == (again / path.relative_to(tmp_path)).read_bytes()[10:]  # past the time in gzip


def test_a_toy_set_of_ones_own_scans(tmp_path):
    make_toy.main(["brain", str(tmp_path / "healthy"), "--cases", "2", "--size", "36", "--healthy", "0.9"])
    scans = tmp_path / "healthy" / "brain" / "toy"
    make_toy.main(["brain", str(tmp_path / "made"), "--scans", str(scans), "--healthy", "0"])
    layout = find_layout([tmp_path / "made"], "brain")
    assert len(layout.toy) == 2
    assert {entry.text() for entry in layout.sample_labels.values()} == {"1\n"}


@pytest.mark.parametrize(
    ("words", "reason"), [(["--kinds", "wart"], "no kind of anomaly 'wart'"), (["--healthy", "1"], "share from 0")]
)
def test_a_wrong_wish_is_one_sentence(tmp_path, words, reason):
    with pytest.raises(InputError, match=reason):
        make_toy.main(["brain", str(tmp_path), *words])


def test_the_proxy_splits_gold_tells_how_its_anomalies_were_made(mood_brain):
    shard = next(shard for shard in mood_brain.shards if shard.split == "proxy")
    gold, made = Arrays(shard.gold), 0
    for sample in shard.samples:
        truth = gold.attributes(sample.id)
        if not truth["sample"]:
            assert "recipe" not in truth
            continue
        assert truth["kind"] == truth["recipe"]["kind"] in PROXY
        volume = read_scan(mood_brain.root / "raw" / shard.name / sample.columns["file"]).volume
        _, mask = make(volume, Body(foreground(volume)), truth["recipe"])
        np.testing.assert_array_equal(mask, gold[sample.id]["scores"])
        made += 1
    assert made == len(shard.samples) // 2
