"""The score: exactly MCC, a threshold for a target prevalence, and the controls at 1 and at chance."""

import json
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import matthews_corrcoef

from challengeflow.arrays import Predictions, write_scores
from challengeflow_clog_loss import matthews


@pytest.mark.parametrize("seed", range(5))
def test_mcc_is_that_of_sklearn(seed):
    random = np.random.default_rng(seed)
    stalled, answers = random.random((2, 400)) < [[0.1], [0.3]]
    assert matthews.mcc(*matthews.confusion(stalled, answers)) == pytest.approx(
        matthews_corrcoef(stalled, answers), abs=1e-12
    )


@pytest.mark.parametrize("answers", [np.zeros(4, bool), np.ones(4, bool)])
def test_mcc_is_zero_where_it_is_undefined(answers):
    assert matthews.mcc(*matthews.confusion(np.array([1, 0, 0, 1], bool), answers)) == 0.0


def test_mcc_of_large_counts_is_exact():
    assert matthews.mcc(3_000_000_000, 0, 0, 5_000_000_000) == 1.0


def test_threshold_maximises_the_weighted_mcc():
    random = np.random.default_rng(0)
    stalled = random.random(300) < 0.5
    chance = np.clip(random.normal(0.4 + 0.2 * stalled, 0.15), 0, 1)
    thresholds = {}
    for prevalence in (0.5, 0.046):
        thresholds[prevalence] = matthews.fit_threshold(stalled, chance, prevalence)
        values = [
            matthews.mcc(*matthews.weighted_confusion(stalled, chance >= cut, prevalence)) for cut in np.unique(chance)
        ]
        best = matthews.mcc(*matthews.weighted_confusion(stalled, chance >= thresholds[prevalence], prevalence))
        assert best == pytest.approx(max(values), abs=1e-9)
    assert thresholds[0.046] > thresholds[0.5]
    assert matthews.fit_threshold(stalled, np.full(300, 0.3), 0.5) == 0.5


def test_controls(demo, tmp_path):
    random = np.random.default_rng(3)
    makers = {
        "perfect": lambda shard, sample: Predictions(shard.gold)[sample.id],
        "constant": lambda shard, sample: np.array([0.33], np.float32),
        "random": lambda shard, sample: random.random(1, np.float32),
    }
    scores = {}
    for name, make in makers.items():
        shards = []
        for shard in demo.shards.values():
            folder = tmp_path / name / shard.name
            write_scores(folder, ((sample.id, make(shard, sample)) for sample in shard.samples))
            shards.append(replace(shard, predictions=folder))
        path, _ = demo.stages.score(name, shards)
        scores[name] = {split: value["score"] for split, value in json.loads(path.read_text()).items()}
    assert scores["perfect"] == {"train": 1.0, "test": 1.0}
    assert scores["constant"] == {"train": 0.0, "test": 0.0}
    assert abs(scores["random"]["train"]) < 0.5


def test_decision_keeps_the_target_and_the_test_split_has_no_say(demo):
    scores, decision = demo.stages.score("target", demo.shards.values(), target_prevalence=0.046)
    alone, same = demo.stages.score("target-train", demo.train_shards, target_prevalence=0.046)
    assert json.loads(decision.read_text()) == json.loads(same.read_text())
    assert json.loads(decision.read_text())["target_prevalence"] == 0.046
    both = json.loads(scores.read_text())
    assert both["train"] == json.loads(alone.read_text())["train"]
    low, high = both["train"]["interval"]
    assert low <= both["train"]["score"] <= high
    assert set(both["train"]["detail"]) >= {"confusion", "roc_auc", "average_precision", "mcc_by_project"}
