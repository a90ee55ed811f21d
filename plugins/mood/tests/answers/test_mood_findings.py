"""Findings of a map: where, how large and how strong, in the scanner's millimetres, whatever the stored orientation."""

import csv
import json

import numpy as np
import pytest

from challengeflow_mood.answers.findings import findings, grid_to_world
from challengeflow_mood.data import alignment
from challengeflow_mood.scoring import decision

AFFINES = {
    "RAS": np.array([[2.0, 0, 0, -20], [0, 2, 0, 5], [0, 0, 3, 7], [0, 0, 0, 1]]),
    "LIA": np.array([[-2.0, 0, 0, 5], [0, 0, 2, 3], [0, -3, 0, 1], [0, 0, 0, 1]]),
}


def known(affine):
    volume = np.zeros((24, 26, 28), np.float32)
    volume[4:-4, 5:-5, 3:-3] = 0.7
    return {"affine": affine.tolist(), "mapping": alignment.align(volume, affine, 16)}


@pytest.mark.parametrize("orientation", AFFINES)
def test_world_coordinates_are_those_of_the_scan(orientation):
    facts = known(AFFINES[orientation])
    mapping = facts["mapping"]
    for index in ((0, 0, 0), (3, 7, 11)):
        stored = np.zeros(3)
        stored[mapping["axis"]] = np.array(mapping["start"]) + np.array(mapping["step"]) * index
        expected = AFFINES[orientation] @ [*stored, 1]
        assert np.allclose(grid_to_world(facts) @ [*index, 1], expected)


@pytest.mark.parametrize("orientation", AFFINES)
def test_a_block_is_measured(orientation):
    facts = known(AFFINES[orientation])
    values = np.zeros((16, 16, 16), np.float16)
    values[4:8, 5:7, 9:12] = 0.4
    values[5, 6, 10] = 0.8
    values[12, 12, 12] = 0.5  # too weak to be one by itself
    (one,) = findings("brain", "me", values, facts, 0.7)
    world = grid_to_world(facts)
    assert one.what == "region"
    assert one.peak == pytest.approx(0.8, abs=1e-3)
    assert (one.peak_x, one.peak_y, one.peak_z) == pytest.approx(tuple((world @ [5, 6, 10, 1])[:3]), abs=0.06)
    assert (one.centre_x, one.centre_y, one.centre_z) == pytest.approx(tuple((world @ [5.5, 5.5, 10, 1])[:3]), abs=0.06)
    assert one.volume_mm3 == pytest.approx(24 * abs(np.linalg.det(world[:3, :3])), abs=0.06)
    step = np.abs(np.linalg.norm(world[:3, :3], axis=0))
    assert (one.extent_x_mm, one.extent_y_mm, one.extent_z_mm) == pytest.approx(tuple(step * [4, 2, 3]), abs=0.06)


def test_the_strongest_comes_first_and_an_empty_map_has_none():
    values = np.zeros((16, 16, 16), np.float16)
    values[2, 2, 2], values[10, 10, 10] = 0.6, 0.9
    found = findings("brain", "me", values, known(AFFINES["RAS"]), 0.5)
    assert [(each.number, round(each.peak, 1)) for each in found] == [(1, 0.9), (2, 0.6)]
    assert findings("brain", "me", np.full((16, 16, 16), np.nan), known(AFFINES["RAS"]), 0.5) == []


def test_one_healthy_scan_in_ten_is_alarming_at_most():
    healthy, abnormal = np.arange(20) / 100, np.array([0.05, 0.175, 0.5, 0.9])
    point = decision.operating_point(np.append(healthy, abnormal), np.repeat([0, 1], [20, 4]))
    assert (healthy >= point["score"]).mean() == 0.1
    assert point["sensitivity"] == 0.75
    assert (point["healthy"], point["abnormal"]) == (20, 4)
    few = decision.operating_point(np.array([0.3, 0.1, 0.9]), np.array([0, 0, 1]))
    assert 0.3 < few["score"] < 0.3001
    assert decision.operating_point(np.array([0.9]), np.array([1]))["sensitivity"] == 0
    assert (np.arange(20) / 100 >= decision.least_finding(np.arange(20) / 100)).mean() == 0.1
    assert decision.least_finding(np.array([])) == 0.5


def test_a_region_that_is_most_of_the_scan_is_the_scan():
    values = np.full((16, 16, 16), 0.6, np.float16)
    values[0, 0, 0] = 0
    (one,) = findings("brain", "me", values, known(AFFINES["RAS"]), 0.5)
    assert one.what == "scan"
    assert one.volume_mm3 <= 24 * 26 * 28 * 12


def test_few_cases_are_no_calibration():
    random = np.random.default_rng(0)
    for count, enough in ((12, False), (60, True)):
        labels = np.repeat([0, 1], count)
        fitted = decision.fit(0.3 + 0.1 * random.standard_normal(2 * count) + 0.1 * labels, labels)
        assert fitted["calibrated"] == enough
        assert bool(decision.warnings(fitted)) != enough
    (said,) = decision.warnings(decision.fit(np.array([0.1, 0.2]), np.array([0, 1])))
    assert "rest on 1 healthy and 1 abnormal cases" in said


def test_own_scans_get_a_table_of_findings(mood_brain):
    shards = [shard for shard in mood_brain.scored if shard.split == "test"]
    made = mood_brain.package("maps", {"brain": mood_brain.answers(shards, mood_brain.models)}, "maps-of-findings-test")
    rows = list(csv.DictReader((made / "findings.csv").read_text().splitlines()))
    operating = json.loads((made / "operating_point.json").read_text())["brain"]
    assert operating["alarm"]["healthy"] == operating["alarm"]["abnormal"] == 4
    assert rows
    assert all(float(row["peak"]) >= operating["finding"] - 1e-4 for row in rows)
    assert all(0 < float(row["volume_mm3"]) < 1e6 for row in rows)
    scores = list(csv.DictReader((made / "scores.csv").read_text().splitlines()))
    pictures = sorted(path.name for path in (made / "pictures").iterdir())
    highest = max(scores, key=lambda row: float(row["score"]))
    assert pictures[0] == f"01-{highest['case']}.png" and len(pictures) == min(8, len(scores))
    assert {row["alarm"] for row in scores} <= {"0", "1"}
    assert {row["abnormal"] for row in scores} == {""}  # eight cases calibrate nothing
    assert "not calibrated" in mood_brain.scores["proxy"]["detail"]["warnings"][0]
    answers = mood_brain.scores["proxy"]["detail"]["answers"]
    assert 0 <= answers["alarm_false_alarms_a_scan"] <= 1
