"""The pictures of what was scored: all that is promised, each file listed, small, and the same each time."""

import json
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from challengeflow import DrawJob, Member
from challengeflow.arrays import Predictions, write_scores
from challengeflow.running import check_pictures
from challengeflow_mood.pictures.draw import draw as draw_stage
from challengeflow_mood.pictures.planes import OUTLINE


def draw(run, name, shards, scores=None):
    output = run.folder(name)
    path = run.folder(f"{name}-scores") / "scores.json"
    path.write_text(json.dumps({"splits": scores or run.scores}))
    job = DrawJob(
        **run.common("score"),
        model="pca-residual",
        shards=tuple(shards),
        scores=path,
        decision=run.root / "scores" / "pca-residual" / "decision.json",
        members=(Member("pca-residual", {}, run.models, module="", summary=""),),
        output=output,
    )
    draw_stage(job)
    return output


@pytest.fixture(scope="module")
def drawn(mood_brain):
    return draw(mood_brain, "pictures", mood_brain.scored)


def test_the_list_is_as_the_core_wants_it(drawn):
    check_pictures.check(drawn, "pictures")
    titles = [entry["title"] for entry in check_pictures.read(drawn)]
    for split in ("proxy", "test"):
        assert f"{split}: best cases" in titles
        assert f"{split}: scores of healthy and abnormal cases" in titles
        assert any(title.startswith(split) and title.endswith("slice by slice") for title in titles)
    assert titles[-2:] == ["Precision over recall, voxels", "Precision over recall, cases"]


def test_files_are_small_and_a_scrubber_has_many(drawn):
    assert max(path.stat().st_size for path in drawn.glob("*.png")) < 300_000
    assert max(len(entry.get("files", [])) for entry in check_pictures.read(drawn)) == 16


def test_a_scrubber_opens_at_the_anomaly(drawn, mood_brain):
    for entry in check_pictures.read(drawn):
        if "opens_at" in entry:
            shown = entry["files"][entry["opens_at"]]
            with Image.open(drawn / shown) as picture:
                colours = np.asarray(picture.convert("RGB")).reshape(-1, 3).astype(int)
            outline = np.array([int(OUTLINE[at : at + 2], 16) for at in (1, 3, 5)])
            assert (np.abs(colours - outline).sum(axis=1) < 60).any(), f"{shown} shows no outline of an anomaly"


def test_lines_hold_the_scores(drawn, mood_brain):
    entries = {entry["title"]: entry for entry in check_pictures.read(drawn)}
    histogram = entries["proxy: scores of healthy and abnormal cases"]["lines"]
    assert [line["name"] for line in histogram] == ["healthy (4)", "abnormal (4)"]
    assert all(sum(line["y"]) == pytest.approx(1) for line in histogram)
    curve = entries["Precision over recall, voxels"]["lines"][0]
    recall, precision = np.array(curve["x"]), np.array(curve["y"])
    area = float(np.sum(np.diff(recall, prepend=0) * precision))
    assert area == pytest.approx(mood_brain.scores["proxy"]["detail"]["pixel_ap"], abs=0.05)


def test_a_control_on_the_scans_own_grid_has_curves_alone(mood_brain):
    shards = []
    for shard in mood_brain.scored:
        output = mood_brain.folder("perfect-for-pictures", shard.name)
        gold = Predictions(shard.gold)
        write_scores(output, ((s, gold[s].astype(np.float32)) for s in gold))
        shards.append(replace(shard, predictions=output))
    drawn = draw(mood_brain, "pictures-of-control", shards)
    check_pictures.check(drawn, "pictures")
    assert not list(drawn.glob("*.png"))
