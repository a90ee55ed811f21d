"""The score: exactly MCC, a threshold for a target prevalence, and the controls at 1 and at chance."""

import json
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import matthews_corrcoef

from challengeflow import Progress, Sample, Shard, write_samples
from challengeflow.arrays import Predictions, Writer, write_scores
from challengeflow.imports import followed, imported, parsed
from challengeflow_clog_loss.pictures import curves
from challengeflow_clog_loss.scoring import calibration, decision_fit, matthews, score
from challengeflow_clog_loss.scoring.scored_videos import Videos


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
    assert set(both["train"]["detail"]) >= {"confusion", "roc_auc", "average_precision", "by_project"}


def shards_of(root, chances: np.ndarray, stalled: np.ndarray, projects: np.ndarray, tier1: np.ndarray) -> list[Shard]:
    """A train shard a fold with these predictions and gold; projects are dealt out to three folds."""
    shards = []
    for fold in range(3):
        own = np.flatnonzero(projects % 3 == fold)
        folder = root / str(fold)
        folder.mkdir(parents=True)
        write_samples(folder, [Sample(f"v{k}", "train", f"P{projects[k]}") for k in own])
        write_scores(folder / "predictions", ((f"v{k}", chances[k : k + 1].astype(np.float32)) for k in own))
        with Writer(folder / "gold") as out:
            for k in own:
                out.add(f"v{k}", {"tier1": bool(tier1[k])}, scores=stalled[k : k + 1].astype(np.float32))
        paths = {"prepared": folder, "gold": folder / "gold", "predictions": folder / "predictions"}
        shards.append(Shard(f"train-{fold}", "train", fold, folder / "samples.csv", **paths))
    return shards


@pytest.fixture
def scored(stages, tmp_path):
    """Scores and decision of 1,200 made-up videos, 400 stalled; `learnt` adds the project to the score."""
    random = np.random.default_rng(1)
    projects = random.integers(12, size=1200)
    stalled = random.random(1200) < np.where(projects % 2, 0.55, 0.12)
    tier1 = random.random(1200) < 0.7
    tier1 &= ~((projects == 0) & stalled)  # a project without stalled tier-1 videos

    def score(name: str, motion: float, learnt: float, **parameters):
        value = motion * stalled + learnt * (projects % 2) + random.normal(0, 1, 1200)
        shards = shards_of(tmp_path / name, 1 / (1 + np.exp(2 - value)), stalled, projects, tier1)
        paths = stages.score(name, shards, **parameters)
        scores, decision = (json.loads(path.read_text()) for path in paths)
        return scores["train"]["detail"], decision

    return score


def test_learnt_projects_show(scored):
    honest, _ = scored("honest", motion=2.0, learnt=0.0)
    fooled, _ = scored("fooled", motion=0.0, learnt=2.0)
    assert fooled["roc_auc"] > 0.65 and fooled["project_appearance"]["auc_within_projects"] < 0.56
    assert abs(honest["project_appearance"]["auc_within_projects"] - honest["roc_auc"]) < 0.03
    assert set(honest["by_project"]) == {f"P{k}" for k in range(12)}
    assert honest["by_project"]["P1"]["roc_auc"] > 0.8


def test_tier_1_videos_are_scored_apart(scored):
    detail, _ = scored("tiers", motion=2.0, learnt=0.0)
    assert 0.6 * 1200 < detail["tier1"]["videos"] < 0.75 * 1200
    assert detail["tier1"]["roc_auc"] > 0.8 and 0 < detail["tier1"]["mcc_at_target_prevalence"] < 1


def test_the_table_says_what_thresholds_bring(scored):
    detail, decision = scored("table", motion=2.5, learnt=0.0)
    rows = decision["thresholds"]
    assert detail["thresholds"] == rows and len(rows) > 8
    for row in rows:
        assert row["answered_stalled"] * row["precision"] == pytest.approx(0.046 * row["sensitivity"])
    shares = [row["answered_stalled"] for row in rows]
    assert shares == sorted(shares) and shares[-1] == pytest.approx(1.0)
    assert decision["chosen"] == detail["chosen_threshold"]
    assert (
        decision["chosen"]["threshold"] == decision["threshold"] and shares[0] < decision["chosen"]["answered_stalled"]
    )
    best = max(row["expected_mcc"] for row in rows)
    assert 0 < detail["mcc_at_target_prevalence"] < best + 0.1


def test_calibrated_probabilities_are_those_at_the_target(scored):
    detail, decision = scored("calibrated", motion=2.5, learnt=0.0)
    assert len(detail["calibration"]) == 8
    mean = np.average(
        [row["probability"] for row in detail["calibration"]], weights=[row["videos"] for row in detail["calibration"]]
    )
    assert 0.046 < mean < 0.4  # over videos of which a third is stalled
    for row in detail["calibration"]:
        assert row["probability"] == pytest.approx(row["stalled"], abs=0.08)
    line = calibration.Calibration(**decision["calibration"])
    assert line(np.array([0.2, 0.9])) == pytest.approx(sorted(line(np.array([0.9, 0.2]))))


@pytest.mark.parametrize("target", [0.046, None])
def test_one_class_and_two_videos_have_a_decision(target):
    for stalled, chance in (([1, 1], [0.2, 0.7]), ([0, 0], [0.2, 0.7]), ([1, 0], [1 - 1e-7, 0.0]), ([1], [0.4])):
        parts = tuple("ab"[: len(stalled)])
        samples = tuple(Sample(part, "train", part, {}) for part in parts)
        videos = Videos(samples, np.array(stalled, bool), np.ones(len(parts), bool), np.array(chance), parts)
        decision = decision_fit.fit(videos, {"target_prevalence": target, "plausible_share": None})
        line = calibration.Calibration(**decision["calibration"])
        assert (line.slope > 0) == (len(set(stalled)) == 2) and np.isfinite(line(np.array([0.0, 1.0]))).all()
        assert np.isfinite([number for row in decision["thresholds"] for number in row.values()]).all()
        job = SimpleNamespace(seed=0, progress=Progress("test"))
        detail = score._score_train(videos, decision, job)["detail"]
        assert curves.calibration(detail)["lines"] and curves.thresholds(detail)["lines"]


def test_an_implausible_share_is_said(scored):
    quiet, _ = scored("quiet", motion=4.0, learnt=0.0)
    loud, _ = scored("loud", motion=4.0, learnt=0.0, plausible_share=[0.2, 0.3])
    assert "warnings" not in quiet and "outside 0.2 to 0.3" in loud["warnings"][0]


def test_a_threshold_for_a_number_of_stalled_videos():
    chance = np.array([0.1, 0.9, 0.5, 0.5, 0.3])
    answered = [int((chance >= decision_fit.threshold_for_count(chance, n)).sum()) for n in range(6)]
    assert answered == [0, 1, 1, 3, 4, 5]


@pytest.mark.parametrize("apart", [0.0, 1.0, 20.0])
def test_the_line_is_the_logistic_regression_of_scikit_learn(apart):
    random = np.random.default_rng(1)
    stalled = np.arange(200) < 60
    chance = 1 / (1 + np.exp(-(random.normal(size=200) + apart * stalled)))
    line = calibration.fit(stalled, chance, 0.3)  # the videos' own prevalence moves nothing
    odds = calibration.log_odds(chance)[:, None]
    expected = LogisticRegression(C=1e3, tol=1e-10, max_iter=10_000).fit(odds, stalled)
    if expected.coef_[0, 0] > 0:
        assert (line.slope, line.intercept) == pytest.approx((expected.coef_[0, 0], expected.intercept_[0]), rel=1e-5)
    else:
        assert line.slope == 0


def test_scoring_imports_no_scikit_learn():  # it takes longer to import than scores take
    modules = followed(["challengeflow_clog_loss.scoring.score"], {"challengeflow_clog_loss"})
    assert not [name for each in modules for name in imported(parsed(each), each) if name.startswith("sklearn")]


def test_a_model_that_ranks_worse_than_chance_is_calibrated_to_the_prevalence():
    stalled = np.arange(200) < 100
    line = calibration.fit(stalled, np.where(stalled, 0.2, 0.8) + np.linspace(0, 0.1, 200), 0.046)
    assert line(np.array([0.01, 0.99])) == pytest.approx([0.046, 0.046])


def test_the_plot_of_thresholds_reaches_the_model_s_own_share(scored):
    detail, _ = scored("plotted", motion=0.3, learnt=0.0)
    curve = curves.thresholds(detail)
    own = detail["chosen_threshold"]["answered_stalled"]
    assert max(curve["lines"][0]["x"]) == pytest.approx(1.0) and curve["lines"][1]["x"] == [round(own, 5)] * 2
