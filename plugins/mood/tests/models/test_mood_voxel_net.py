"""The voxel-wise net beside the networks: it finds anomalies in heads it has not seen, and the predictions depend on
it.
"""

from dataclasses import replace

import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow import Progress
from challengeflow.arrays import Arrays
from challengeflow_mood.anomalies.made_cases import made_case
from challengeflow_mood.data.healthy_scans import read_healthy
from challengeflow_mood.models.network_model import _anatomy, _with_anatomies, raw_map
from challengeflow_mood.scoring.average_precision import of_samples

pytest.importorskip("torch")
from challengeflow_mood.models import voxel_net

KINDS = ("constant", "foreign_patch")


@pytest.fixture(scope="module")
def heads(mood_heads):
    """Six heads to learn from, each with the anatomy of others, and two more with that of the six."""
    healthy = replace(read_healthy([mood_heads], 8, 4, 0, "test"), groups=tuple("aabbccdd"))
    six, two = healthy.subset(np.arange(6)), healthy.subset(np.arange(6, 8))
    return _with_anatomies(six, 2), replace(two, anatomies=(_anatomy(six, 2),) * 2)


@pytest.mark.long
def test_it_finds_anomalies_in_heads_it_has_not_seen_and_repeats_itself(heads):
    known, new = heads
    net, again = (voxel_net.fit(known, KINDS, {"cases": 48, "augment": False}, 1, Progress("test")) for _ in range(2))
    values, truths = [], []
    for number in range(8):
        case = made_case(new, KINDS, 1.0, np.random.default_rng([7, number]), which=number % 2)
        odds = voxel_net.log_odds(net, case)
        np.testing.assert_array_equal(odds, voxel_net.log_odds(again, case))
        values.append(odds[case.mask > 0])
        truths.append(case.anomaly[case.mask > 0])
    found, truth = np.concatenate(values), np.concatenate(truths)
    assert of_samples(found, truth) > 3 * truth.mean()  # chance brings the mean


def test_augmented_cases_teach_another_net(heads):
    plain, augmented = (
        voxel_net.fit(heads[0], KINDS, {"cases": 8, "augment": augment}, 1, Progress("test"))
        for augment in (False, True)
    )
    assert (plain.mean != augmented.mean).any()


def test_another_voxel_wise_net_beside_the_same_network_predicts_otherwise(mood_models, tmp_path):
    small = {"channels": 4, "levels": 2, "steps": 2, "check_every": 2, "inner_cases": 4, "cases": 8}
    made = mood_models(tmp_path, plugin.UNET3D, small)
    few, more = made.train("few"), made.train("more", cases=16)
    weights = [Arrays(folder / "weights") for folder in (few, more)]
    for name, value in weights[0]["net"].items():
        np.testing.assert_array_equal(value, weights[1]["net"][name])
    first, second = (np.array(made.predict(folder)["head-0"]) for folder in (few, more))
    assert (first != second).any()


def test_its_log_odds_are_added():
    logits, voxelwise = np.random.default_rng(0).normal(size=(2, 4, 4, 4))
    alone = raw_map(logits, 0.5, np.zeros_like(voxelwise))
    probability = 1 / (1 + np.exp(-logits)) / (1 + np.exp(-0.5))
    np.testing.assert_allclose(alone, np.log(probability / (1 - probability)))
    np.testing.assert_allclose(raw_map(logits, 0.5, voxelwise), alone + voxelwise)
