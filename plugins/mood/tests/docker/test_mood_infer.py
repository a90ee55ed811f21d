"""At run time: a safe answer first, then a cheap one, then the real one; no case is worse for another, whatever it
does.
"""

import contextlib
import json
import os
import shutil
import sys
import time
import types
import zipfile
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow import InputError, Member
from challengeflow.arrays import Arrays, Predictions
from challengeflow.running.ensemble import merged
from challengeflow_mood.answers.maps import case_score
from challengeflow_mood.docker import build_context, infer
from challengeflow_mood.scoring import decision


@pytest.fixture
def folders(tmp_path, mood_brain):
    """A model folder of one member (`pca-residual`), two toy cases, and a folder for the answers."""
    shards = [shard for shard in mood_brain.scored if shard.split == "test"]
    build_context.write_model(tmp_path / "model", "brain", mood_brain.answers(shards, mood_brain.models))
    for name in ("in", "out"):
        (tmp_path / name).mkdir()
    with zipfile.ZipFile(mood_brain.root / "archives/toy/brain_toy.zip") as archive:
        for name in ("toy_0.nii.gz", "toy_1.nii.gz"):
            (tmp_path / "in" / name).write_bytes(archive.read(f"toy/{name}"))
    return tmp_path


def run(folders, task="sample", **more):
    return infer.answer_folder(task, folders / "in", folders / "out", folders / "model", **more)


def answers(folders):
    return {path.name: path.read_text() for path in sorted((folders / "out").glob("*.txt"))}


def second_member(folders, predict):
    """Add a member after the cheap one, that predicts by a function."""
    module = types.ModuleType("mood_model_of_a_test")
    module.predict = predict
    sys.modules[module.__name__] = module
    path = folders / "model" / "ensemble.json"
    ensemble = json.loads(path.read_text())
    ensemble["members"].append(ensemble["members"][0] | {"model": "other", "module": module.__name__})
    path.write_text(json.dumps(ensemble))


def test_answers_are_those_of_the_stages(folders, mood_brain):
    assert run(folders) == 0
    shard = next(shard for shard in mood_brain.scored if shard.split == "test")
    chosen = json.loads((mood_brain.root / "scores/pca-residual/decision.json").read_text())
    scores, prepared = Predictions(shard.predictions), Arrays(shard.prepared)
    for name, text in answers(folders).items():
        case = name.removesuffix(".nii.gz.txt")
        expected = decision.probability(chosen, case_score(scores[case][0], prepared.attributes(case)))
        assert text == f"{expected!r}\n"


def test_an_ensemble_answers_as_the_core_averages(folders, mood_brain):
    shard = next(shard for shard in mood_brain.scored if shard.split == "test")
    members, predicted = [], []
    for number, weight in enumerate((0.3, 1.7)):
        models = (mood_brain.models[number],)
        declared = {"module": plugin.PCA_RESIDUAL.module, "summary": plugin.PCA_RESIDUAL.summary}
        members.append(Member("pca-residual", {"components": 30, "max_scans": 150}, models, weight, **declared))
        predicted.append(mood_brain.predict(models, "test", f"member-{number}")[0].predictions)
    all_answers = replace(mood_brain.answers([shard], mood_brain.models), members=tuple(members))
    shutil.rmtree(folders / "model")
    build_context.write_model(folders / "model", "brain", all_answers)
    run(folders)
    chosen = json.loads(all_answers.decision.read_text())
    expected = dict(merged(predicted, [0.3, 1.7], plugin.MOOD.prediction))
    prepared = Arrays(shard.prepared)
    for name, text in answers(folders).items():
        case = name.removesuffix(".nii.gz.txt")
        score = case_score(expected[case][0], prepared.attributes(case))
        assert text == f"{decision.probability(chosen, score)!r}\n"


def test_one_bad_case_costs_no_other(folders, capsys):
    (folders / "in" / "a_bad.nii.gz").write_bytes(b"\x1f\x8bnothing")
    nib.save(nib.Nifti1Image(np.full((9, 9, 9), np.nan, np.float32), np.eye(4)), folders / "in" / "b_nan.nii.gz")
    nib.save(nib.Nifti1Image(np.zeros((9, 9, 9, 5), np.float32), np.eye(4)), folders / "in" / "c_series.nii.gz")
    assert run(folders) == 3
    written = answers(folders)
    assert [written[f"{name}.nii.gz.txt"] for name in ("a_bad", "b_nan", "c_series")] == ["0.0\n"] * 3
    assert all(0 < float(written[f"toy_{number}.nii.gz.txt"]) < 1 for number in (0, 1))
    log = capsys.readouterr().err
    assert "a_bad.nii.gz: not the answer" in log
    assert "toy_1.nii.gz: the answer after" in log
    assert run(folders, "pixel") == 3
    shapes = {"a_bad": (1, 1, 1), "b_nan": (9, 9, 9), "c_series": (9, 9, 9)}
    for name, shape in shapes.items():
        zeros = nib.load(folders / "out" / f"{name}.nii.gz")
        assert zeros.shape == shape
        assert not np.asarray(zeros.dataobj).any()
    assert np.asarray(nib.load(folders / "out" / "toy_0.nii.gz").dataobj).any()


def test_a_case_past_its_deadline_keeps_the_cheap_models_answer(folders, capsys):
    (folders / "in" / "toy_1.nii.gz").unlink()
    run(folders)
    cheap = answers(folders)

    def slow(job):
        time.sleep(30)

    second_member(folders, slow)
    shutil.rmtree(folders / "out")
    (folders / "out").mkdir()
    started = time.monotonic()
    assert run(folders, deadline=4.0) == 1
    assert time.monotonic() - started < 20
    assert answers(folders) == cheap
    assert "toy_0.nii.gz: not the answer, the deadline has passed" in capsys.readouterr().err


def test_a_model_that_swallows_errors_cannot_swallow_the_deadline(folders):
    def stubborn(job):
        for _ in range(300):
            with contextlib.suppress(Exception):
                time.sleep(0.1)

    (folders / "in" / "toy_1.nii.gz").unlink()
    second_member(folders, stubborn)
    started = time.monotonic()
    assert run(folders, deadline=1.5) == 1
    assert time.monotonic() - started < 15


def test_a_model_that_ends_the_process_leaves_every_case_answered(folders):
    second_member(folders, lambda job: os._exit(9))
    child = os.fork()
    if child == 0:
        run(folders)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 9
    assert all(0 < float(text) < 1 for text in answers(folders).values())
    assert len(answers(folders)) == 2


def test_nan_of_a_model_never_reaches_an_answer(folders):
    def nothing(job):
        from challengeflow.arrays import Arrays, write_scores

        prepared = Arrays(job.shard.prepared)
        write_scores(job.output, ((s, np.full(prepared.attributes(s)["shape"], np.nan, np.float16)) for s in prepared))

    second_member(folders, nothing)
    for task in ("sample", "pixel"):
        assert run(folders, task) == 0
    assert all(0 <= float(text) <= 1 for text in answers(folders).values())
    assert np.isfinite(np.asarray(nib.load(folders / "out" / "toy_0.nii.gz").dataobj)).all()


def test_nothing_but_answers_is_left(folders):
    run(folders)
    run(folders, "pixel")
    assert sorted(path.name for path in (folders / "out").iterdir()) == [
        "toy_0.nii.gz",
        "toy_0.nii.gz.txt",
        "toy_1.nii.gz",
        "toy_1.nii.gz.txt",
    ]


def test_what_cannot_be_run(folders):
    with pytest.raises(InputError, match="expected 'pixel' or 'sample'"):
        run(folders, "voxel")
    (folders / "empty").mkdir()
    with pytest.raises(InputError, match="holds no scan"):
        infer.answer_folder("pixel", folders / "empty", folders / "out", folders / "model")
