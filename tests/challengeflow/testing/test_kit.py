"""The parts of the conformance kit: complaints about declarations, damage to files, where controls may score."""

import json
import pickle
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from challengeflow import Challenge, Dataset, Metric, Model, Resources, Source, Submission
from challengeflow.arrays import Arrays, Predictions, Writer
from challengeflow.testing.check_declarations import challenge_complaints, model_complaints
from challengeflow.testing.contracts import ModelContract
from challengeflow.testing.control_scores import complaints
from challengeflow.testing.damage import CUT, EMPTY, GONE, NOISE, cases, damage, scramble

GOOD = Challenge(
    name="a",
    title="A",
    url="https://example.org",
    metric=Metric(name="accuracy", description="share of right answers", chance="0.5"),
    datasets=(Dataset(name="d", summary="some", sources={"demo": Source()}),),
    submissions=(Submission(name="csv", summary="a table"),),
    licence="MIT",
    citation="nobody (2026)",
    schema={"score": {"level": {"type": "number", "default": 0.5, "description": "where to cut"}}},
    resources=dict.fromkeys(("download", "preprocess", "score", "package"), Resources()),
)
MODEL = Model(
    name="m",
    challenge="a",
    summary="guesses",
    module="challengeflow.running.controls",
    resources=dict.fromkeys(("train", "predict"), Resources()),
)


def test_good_declarations_have_no_complaint():
    assert list(challenge_complaints(GOOD)) == list(model_complaints(MODEL, {"a": GOOD})) == []


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"licence": " "}, "Challenge.licence is empty"),
        ({"url": "example.org"}, "'example.org' is no web address"),
        ({"metric": replace(GOOD.metric, chance="")}, "Metric.chance is empty"),
        ({"metric": replace(GOOD.metric, best=float("nan"))}, "Metric.best is nan"),
        ({"submissions": ()}, "Challenge.submissions is empty"),
        ({"schema": {"scoer": {}}}, "a section 'scoer'; known are download, preprocess, score, package"),
        ({"schema": {"score": {"level": {"type": "number"}}}}, "'level' has no default"),
        (
            {"schema": {"score": {"level": {"type": "number", "default": "x"}}}},
            "breaks its own schema: 'x' is not a",
        ),
        ({"schema": {"score": {"level": {"default": 1}}}}, "'level' has no description"),
        ({"resources": {}}, "Challenge.resources says nothing of 'download'"),
        ({"env": "nowhere"}, "Challenge.env is 'nowhere', and there is no"),
        ({"env": __file__}, "is no conda env file with dependencies and a pip section"),
        ({"snakefile": "extra.smk"}, "is not the absolute path of a file"),
        ({"datasets": ()}, "Challenge.datasets is empty"),
        ({"commands": {"look": "no_such.module"}}, "commands['look'] names the module 'no_such.module', which is not"),
        (
            {"resources": {"draw": Resources(), "darw": Resources()}},
            "has 'darw'; known are download, preprocess, score, ",
        ),
        (
            {"submissions": (replace(GOOD.submissions[0], splits=("train",)),)},
            "answers the split 'train', whose role in Challenge.splits is not 'answered'",
        ),
        (
            {"datasets": (replace(GOOD.datasets[0], sources={"demo": Source(splits=("public",), gold=())}),)},
            "Challenge.splits gives the split 'public' no role",
        ),
        ({"datasets": (replace(GOOD.datasets[0], sources={}),)}, "Dataset 'd' has no source 'demo'"),
        ({"datasets": (replace(GOOD.datasets[0], extends="c"),)}, "extends 'c', which the challenge does not declare"),
        (
            {"datasets": (replace(GOOD.datasets[0], sources={"demo": Source(gold=("proxy",))}),)},
            "gold of the split 'proxy'",
        ),
    ],
)
def test_what_a_challenge_lacks_is_said(change, sentence):
    said = list(challenge_complaints(replace(GOOD, **change)))
    assert any(sentence in complaint for complaint in said), said


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"challenge": "b"}, "for the challenge 'b', which no plugin brings"),
        ({"module": "challengeflow.no_such"}, "names the module 'challengeflow.no_such', which is not there"),
        ({"trains_on": ("all",)}, "trains without labels on the split 'all'; such are proxy, test, unlabelled"),
        ({"resources": {"train": Resources()}}, "resources says nothing of 'predict'"),
    ],
)
def test_what_a_model_lacks_is_said(change, sentence):
    said = list(model_complaints(replace(MODEL, **change), {"a": GOOD}))
    assert any(sentence in complaint for complaint in said), said


def test_damage_is_done_to_a_copy(tmp_path):
    (tmp_path / "whole").mkdir()
    (tmp_path / "whole/a.bin").write_bytes(bytes(10))
    (tmp_path / "whole/b.bin").write_bytes(bytes(20))
    (tmp_path / "raw").mkdir()
    assert list(cases(tmp_path / "whole")) == [(kind, "b.bin") for kind in (CUT, NOISE, EMPTY, GONE)]
    lengths = {}
    for kind, file in cases(tmp_path / "whole"):
        damage(tmp_path / "whole", tmp_path / "raw", kind, file)
        left = tmp_path / "raw" / file
        lengths[kind] = len(left.read_bytes()) if left.exists() else None
        assert (tmp_path / "raw/a.bin").read_bytes() == bytes(10)
    assert lengths == {CUT: 10, NOISE: 20, EMPTY: 0, GONE: None}
    assert (tmp_path / "whole/b.bin").read_bytes() == bytes(20)


def test_scrambled_gold_has_other_labels_of_the_same_form(tmp_path):
    with Writer(tmp_path / "gold") as out:
        out.add("one", {"kind": "x"}, scores=np.float32(1))
        out.add("many", scores=np.eye(8, 3, dtype=np.uint8))
    scramble(tmp_path / "gold")
    gold = Predictions(tmp_path / "gold")
    assert gold["one"] == 0 and Arrays(tmp_path / "gold").attributes("one") == {"kind": "x"}
    assert gold["many"].sum() == 3 and not np.array_equal(gold["many"], np.eye(8, 3))


def write_score(folder, control, score, **more):
    entry = {"score": score, "interval": [score - 0.03, score + 0.03], **more}
    (folder / "a/d" / control).mkdir(parents=True)
    (folder / "a/d" / control / "scores.json").write_text(json.dumps({"splits": {"train": entry}}))


@pytest.mark.parametrize(
    ("direction", "best", "model", "sentence"),
    [
        ("lower", 0.0, 0.2, None),
        ("higher", 0.0, 0.2, "control-random scores 2, rmse of d/train, which is better than the perfect 0; correct"),
        ("lower", 1.0, 0.2, "control-perfect scores 0, rmse of d/train, where Metric.best is 1"),
        ("lower", 0.0, -0.1, "mine scores -0.1, rmse of d/train, which is better than the perfect 0; correct"),
    ],
)
def test_nothing_is_better_than_the_perfect_control(tmp_path, direction, best, model, sentence):
    for control, score in (("control-perfect", 0.0), ("control-random", 2.0), ("mine", model)):
        write_score(tmp_path, control, score)
    run = SimpleNamespace(folder=tmp_path, plan=SimpleNamespace(challenge="a", trainable=lambda: ["d"]))
    metric = Metric(name="rmse", description="", chance="depends", best=best, direction=direction)
    said = list(complaints(run, metric))
    assert not said if sentence is None else len(said) == 1 and sentence in said[0], said


def test_further_metrics_have_their_ends_too(tmp_path):
    for control, score, error in (("control-perfect", 1.0, 0.0), ("control-random", 0.5, 3.0)):
        write_score(tmp_path, control, score, metrics={"mae": error})
    run = SimpleNamespace(folder=tmp_path, plan=SimpleNamespace(challenge="a", trainable=lambda: ["d"]))
    mae = {"name": "mae", "description": "", "chance": "", "best": 0.0}
    assert not list(complaints(run, GOOD.metric, [Metric(**mae, direction="lower")]))
    (said,) = complaints(run, GOOD.metric, [Metric(**mae)])
    assert "control-random scores 3, mae of d/train, which is better than the perfect 0" in said


@pytest.mark.parametrize(
    ("perfect", "random", "chance", "sentence"),
    [
        (1.0, 0.52, "0.5", None),
        (1.0, 0.3, "depends on the data", None),
        (0.98, 0.5, "0.5", "control-perfect scores 0.98, accuracy of d/train, where Metric.best is 1"),
        (1.0, 0.95, "0.5", "control-random scores 0.95, accuracy of d/train, next to the best of 1"),
        (1.0, 0.95, "depends on the data", "next to the best of 1; the metric tells nothing apart"),
        (1.0, 0.5, "0.1", "where Metric.chance is 0.1; correct the figure"),
    ],
)
def test_controls_belong_at_the_ends(tmp_path, perfect, random, chance, sentence):
    for control, score in (("control-perfect", perfect), ("control-random", random)):
        write_score(tmp_path, control, score)
    run = SimpleNamespace(folder=tmp_path, plan=SimpleNamespace(challenge="a", trainable=lambda: ["d"]))
    said = list(complaints(run, replace(GOOD.metric, chance=chance)))
    assert not said if sentence is None else len(said) == 1 and sentence in said[0], said


def test_a_pickle_in_a_model_is_said_whatever_it_is_called(tmp_path):
    (tmp_path / "fold-0").mkdir()
    run = SimpleNamespace(folder=tmp_path, training=lambda: [SimpleNamespace(outputs=["fold-0"])])
    contract = ModelContract()
    contract._plugin = lambda: "mine"
    (tmp_path / "fold-0" / "weights.json").write_text("[1, 2]")
    contract.test_no_model_holds_a_pickle(run)
    (tmp_path / "fold-0" / "weights.json").write_bytes(pickle.dumps({"weights": [1, 2]}))
    with pytest.raises(pytest.fail.Exception, match=r"leaves a pickle in the model, weights.json \(a pickle\); write"):
        contract.test_no_model_holds_a_pickle(run)
