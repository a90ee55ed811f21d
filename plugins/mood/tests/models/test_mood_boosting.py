"""residual-boosting repeats itself, learns from no scored kind, and answers every scan; the score scale all models
share.
"""

import json

import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow_mood.anomalies import PROXY
from challengeflow_mood.data.healthy_scans import parts_by_group, read_healthy
from challengeflow_mood.models import pca_residual, score_scale
from challengeflow_mood.models.voxel_features import voxel_features

SMALL = {"cases": 8, "iterations": 6, "components": 3}


@pytest.fixture(scope="module")
def made(tmp_path_factory, mood_models):
    """A trained model and its predictions for the scans it was trained on."""
    model = mood_models(tmp_path_factory.mktemp("boosting"), plugin.RESIDUAL_BOOSTING, SMALL)
    folder = model.train()
    return model, folder, model.predict(folder)


def test_it_repeats_itself_to_the_bit(made):
    model, folder, first = made
    again = model.train("again")
    for path in folder.glob("*.npy"):
        assert path.read_bytes() == (again / path.name).read_bytes(), path.name
    for name, scores in model.predict(again).items():
        np.testing.assert_array_equal(scores, first[name])


def test_it_learns_from_no_kind_that_is_scored(made):
    facts = json.loads((made[1] / "model.json").read_text())
    assert facts["kinds"]
    assert not set(facts["kinds"]) & set(PROXY)
    assert 0 < facts["abnormal"] < facts["voxels"]


def test_every_scan_is_answered_within_bounds(made, mood_heads):
    predictions = made[2]
    assert list(predictions) == [sample.id for sample in mood_heads.samples]
    assert not predictions["lost"].any()
    for number in range(8):
        scores = predictions[f"head-{number}"]
        assert scores.dtype == np.float16
        assert scores.min() == 0  # air
        assert 0 < scores.max() < 1


def test_features_are_finite_numbers_of_the_voxels_that_matter(mood_heads):
    healthy = read_healthy((mood_heads,), 8, 4, 0, "test")
    model = pca_residual.fit(healthy.volumes[:6], healthy.masks[:6], 2)
    rows, where = voxel_features(model, healthy.volumes[7], healthy.masks[7])
    assert len(rows) == where.sum()
    assert (where >= (healthy.masks[7] > 0)).all()
    assert np.isfinite(rows).all()
    assert (rows.std(axis=0) > 0).all()  # none tells of the scan as a whole
    brighter, _ = voxel_features(model, np.float32(0.9) * healthy.volumes[7], healthy.masks[7])
    assert np.median(np.abs(brighter - rows)) < 0.05  # the scanner's gain tells nothing


def test_parts_keep_groups_whole():
    groups = ("a", "a", "b", "c", "b", "d", "e")
    part = parts_by_group(groups, 3)
    assert set(part) == {0, 1, 2}
    for group in set(groups):
        assert len({part[at] for at, one in enumerate(groups) if one == group}) == 1
    assert set(parts_by_group(("a", "b"), 4)) == {0, 1}


def test_the_scale_says_how_rare_a_voxel_is_in_healthy_scans():
    healthy = np.random.default_rng(0).standard_normal(200_000)
    scale = score_scale.fit([healthy[:1000], healthy[1000:]])
    for share in (0.1, 0.01, 0.001):
        tail = -np.log10(share)
        score = score_scale.apply(scale, np.quantile(healthy, 1 - share))
        assert score == pytest.approx(tail / (tail + score_scale.HALF), abs=0.01)


def test_the_scale_rises_strictly_and_float16_keeps_the_strange_end_apart():
    scale = score_scale.fit([np.random.default_rng(0).standard_normal(100_000)])
    raw = np.linspace(-20, 60, 2001)
    scores = score_scale.apply(scale, raw)
    assert (np.diff(scores.astype(float)) > 0).all()
    assert scores.min() > 0 and scores.max() < 1
    strange = score_scale.apply(scale, np.linspace(4, 25, 150)).astype(np.float16)
    assert len(np.unique(strange)) == 150


def test_the_scale_bears_values_that_are_all_equal():
    scale = score_scale.fit([np.zeros(1000)])
    low, middle, high = score_scale.apply(scale, np.array([-1.0, 0.0, 1.0]))
    assert 0 < low < middle < high < 1
