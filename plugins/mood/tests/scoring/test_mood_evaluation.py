"""What the score stage tells besides the score: cases that count as zero and why, the organisers' draws, each case,
curves.
"""

from dataclasses import replace

import numpy as np
import pytest

from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow_mood.answers import maps
from challengeflow_mood.scoring.average_precision import LEVELS, count_levels, from_levels
from challengeflow_mood.scoring.official_scoring import organiser_draws
from challengeflow_mood.scoring.score import _millilitres


def scored(run, name, change):
    """Scores of the test split where `change(sample, map)` gives another map, or None for none at all."""
    shard = next(shard for shard in run.scored if shard.split == "test")
    output = run.folder("evaluation", name)
    predictions = Predictions(shard.predictions)
    made = ((sample, change(sample, predictions[sample])) for sample in predictions)
    write_scores(output, ((sample, values) for sample, values in made if values is not None))
    return run.score([replace(shard, predictions=output)], name)["test"]


def test_a_missing_and_a_misshapen_map_are_listed_with_what_they_cost(mood_brain):
    changed = {"toy_1": None, "toy_3": np.ones((2, 3, 4), np.float32)}
    result = scored(mood_brain, "zeros", lambda sample, values: changed.get(sample, values))
    listed = result["detail"]["counted_as_zero"]
    assert listed["toy_1"]["reason"] == "no prediction"
    assert listed["toy_3"]["reason"] == "the map has the shape [2, 3, 4]; expected [1, 32, 32, 32]"
    others = scored(mood_brain, "sound", lambda sample, values: values)["detail"]
    assert others["counted_as_zero"] == {}
    assert result["detail"]["pixel_ap"] < others["pixel_ap"]


def test_lost_is_the_difference_that_leaving_the_case_out_makes(mood_brain):
    result = scored(mood_brain, "one", lambda sample, values: None if sample == "toy_1" else values)
    lost = result["detail"]["counted_as_zero"]["toy_1"]["pixel_ap_lost"]
    shard = next(shard for shard in mood_brain.scored if shard.split == "test")
    histogram = np.zeros((2, LEVELS), np.int64)
    for sample in shard.samples:
        if sample.id != "toy_1":
            histogram += by_hand(shard, sample.id)
    assert lost == from_levels(histogram) - result["detail"]["pixel_ap"]


def by_hand(shard, sample):
    """Counts of a case from its full volume on the scan's own grid."""
    facts, mask = Arrays(shard.prepared).attributes(sample), Predictions(shard.gold)[sample]
    volume = np.zeros(mask.shape, np.float32)
    for z, plane in maps.planes(Predictions(shard.predictions)[sample][0], facts["mapping"]):
        volume[:, :, z] = plane.T
    return count_levels(volume, mask)


@pytest.mark.parametrize("dataset", ["mood_brain", "mood_abdom"])
def test_planes_count_as_the_whole_volume_does(request, dataset):
    run = request.getfixturevalue(dataset)
    shard = next(shard for shard in run.scored if shard.split == "test")
    total = sum(by_hand(shard, sample.id) for sample in shard.samples)
    assert from_levels(total) == run.scores["test"]["detail"]["pixel_ap"]


def test_a_constant_answer_scores_what_guessing_is_said_to(mood_brain):
    result = scored(mood_brain, "constant", lambda sample, values: np.full(1, 0.5, np.float32))
    assert result["score"] == pytest.approx(result["chance"], abs=1e-6)
    detail = result["detail"]
    assert result["metrics"] == {"voxel AP": detail["pixel_ap"], "case AP": detail["sample_ap"]}


def test_each_case_and_the_draws(mood_brain):
    detail = mood_brain.scores["test"]["detail"]
    table = detail["case_table"]
    assert [row["case"] for row in table] == [f"toy_{number}" for number in range(5)]
    assert all((row["pixel_ap"] is None) == (row["label"] == 0) for row in table)
    labels, scores = np.array([r["label"] for r in table]), np.array([r["score"] for r in table])
    for drawn, value in zip(organiser_draws(5), detail["draws"]["sample"], strict=True):
        if labels[drawn].sum() == 1:  # one of two is abnormal: first or second place
            assert value == (1.0 if scores[drawn][labels[drawn] == 1] > scores[drawn][labels[drawn] == 0] else 0.5)
        else:
            assert value == labels[drawn].any()
    assert len(detail["draws"]["pixel"]) == 10


def test_sizes_are_thirds_of_the_abnormal_cases(mood_brain):
    detail = mood_brain.scores["test"]["detail"]
    sizes = detail["sizes"]
    assert set(sizes) == {"small", "medium", "large"}
    assert sum(size["cases"] for size in sizes.values()) == sum(row["label"] for row in detail["case_table"])
    bounds = [ml for size in ("small", "medium", "large") for ml in sizes[size]["ml"]]
    assert bounds == sorted(bounds)
    shard = next(shard for shard in mood_brain.scored if shard.split == "test")
    gold, prepared = Arrays(shard.gold), Arrays(shard.prepared)
    largest = max(gold, key=lambda sample: gold[sample]["scores"].sum())
    spacing = np.linalg.norm(np.array(prepared.attributes(largest)["affine"])[:3, :3], axis=0)
    assert bounds[-1] == pytest.approx(gold[largest]["scores"].sum() * spacing.prod() / 1000, abs=1e-3)


@pytest.mark.parametrize("affine", [np.zeros((4, 4)), np.full((4, 4), np.nan)])
def test_an_affine_without_a_size_counts_voxels(affine):
    assert _millilitres(np.ones((10, 10, 10)), {"affine": affine.tolist()}) == 1.0


def test_curves_end_at_the_prevalence_and_are_short(mood_brain):
    detail = mood_brain.scores["test"]["detail"]
    for task in ("pixel", "sample"):
        curve = detail["curves"][task]
        assert len(curve["recall"]) == len(curve["precision"]) <= 200
        assert curve["recall"][-1] == 1
        assert curve["precision"][-1] == pytest.approx(detail[f"{task}_chance"], abs=1e-4)
        assert (np.diff(curve["recall"]) >= 0).all()
