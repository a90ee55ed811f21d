"""Models over time: they can learn, repeat themselves to the bit, go on after a kill, stop early, ask for PyTorch."""

import csv
import subprocess
import sys
from dataclasses import replace
from functools import partial

import numpy as np
import pytest

from challengeflow import InputError, Shard
from challengeflow.arrays import Arrays, Predictions, Writer
from challengeflow_mabe_task1.data.layouts import MARS_PARTS
from challengeflow_mabe_task1.demo.behaviour_states import VOCABULARY
from challengeflow_mabe_task1.features.pose_recipe import Recipe
from challengeflow_mabe_task1.features.pose_steps import step_features, step_labels, to_frames
from challengeflow_mabe_task1.models import declarations

torch = pytest.importorskip("torch")

TINY = {"rate": 10, "channels": 8, "layers": 2, "epochs": 4, "crop": 32, "batch": 4, "parts": 1}


@pytest.fixture
def stages(clip_stages):
    """Makes stages with temporal-conv on the clips."""
    return lambda name: clip_stages(name, declarations.TEMPORAL_CONV)


def answers(stages, model):
    output = stages.root / "answers"
    stages.predict(stages.shards[0], [model], output)
    return Predictions(output)


def test_it_fits_eight_sequences_perfectly(stages, clips):
    made = stages("fit")
    settings = {"rate": 30, "channels": 32, "layers": 4, "epochs": 60, "crop": 240, "batch": 2}
    free = {"dropout": 0, "input_dropout": 0, "weight_decay": 0, "learning_rate": 0.005, "inner": 0, "balance": 0}
    model = made.train(None, **settings, **free, parts=1)
    for place, shard in enumerate(made.shards):
        made.predict(shard, [model], made.root / f"answers-{place}")
        predictions = Predictions(made.root / f"answers-{place}")
        for name in predictions:
            np.testing.assert_array_equal(predictions[name].argmax(axis=1), clips[name][1])


@pytest.mark.parametrize("model", [declarations.TEMPORAL_CONV, declarations.TEMPORAL_GRU], ids=lambda model: model.name)
def test_it_repeats_itself_to_the_bit(stages, model):
    once, again = stages("once"), stages("again")
    once.model = again.model = model
    first, second = once.train(0, **TINY), again.train(0, **TINY)
    assert (first / "weights" / "data.bin").read_bytes() == (second / "weights" / "data.bin").read_bytes()
    answers(once, first)
    answers(again, second)
    assert (once.root / "answers" / "data.bin").read_bytes() == (again.root / "answers" / "data.bin").read_bytes()


def test_a_killed_training_goes_on_to_the_same_bits(stages, monkeypatch):
    from challengeflow_mabe_task1.models import temporal_fit

    whole, killed = stages("whole"), stages("killed")
    expected = whole.train(0, **TINY)
    epoch, ran = temporal_fit._epoch, []

    def dies(*arguments):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(arguments[5])
        return epoch(*arguments)

    monkeypatch.setattr(temporal_fit, "_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        killed.train(0, **TINY)
    (killed.root / "fold-0").rename(killed.root / "lost")
    monkeypatch.setattr(temporal_fit, "_epoch", lambda *arguments: ran.append(arguments[5]) or epoch(*arguments))
    resumed = killed.train(0, **TINY)
    assert ran == [0, 1, 2, 3]
    for file in ("weights/data.bin", "curve.csv", "model.json"):
        assert (resumed / file).read_bytes() == (expected / file).read_bytes(), file


def test_it_ends_with_the_best_epoch_on_inner_groups_and_stops_early(stages, monkeypatch):
    from challengeflow_mabe_task1.models import temporal_fit

    scores = iter([0.1, 0.4, 0.2, 0.3, 0.9])
    weights = []

    def score(net, inner, fitting):
        weights.append({name: value.numpy().copy() for name, value in net.state_dict().items()})
        return next(scores)

    monkeypatch.setattr(temporal_fit, "inner_score", score)
    made = stages("early")
    model = made.train(0, **(TINY | {"epochs": 5, "patience": 2, "inner": 0.25}))
    with open(model / "curve.csv") as file:
        curve = [float(row["score"]) for row in csv.DictReader(file)]
    assert curve == [0.1, 0.4, 0.2, 0.3]
    kept = Arrays(model / "weights")["part-0"]
    for name, value in weights[1].items():
        np.testing.assert_array_equal(kept[name], value)


@pytest.fixture
def pretrained(clip_stages):
    """Makes stages with temporal-conv-pretrained, which sees the second fold without its labels."""

    def make(name, unlabelled=True):
        made = clip_stages(name, declarations.TEMPORAL_CONV_PRETRAINED)
        made.unlabelled = tuple(replace(shard, gold=None) for shard in made.shards if unlabelled and shard.fold == 0)
        return made

    return make


def learnt(model):
    return (model / "weights" / "data.bin").read_bytes()


def test_pretraining_learns_from_poses_alone_and_hands_its_trunk_on(pretrained):
    settings = TINY | {"channels": 16, "crop": 128, "pretraining_epochs": 30, "learning_rate": 0.005}
    with open(pretrained("with").train(0, **settings) / "curve.csv") as file:
        rows = list(csv.DictReader(file))
    losses = [float(row["loss"]) for row in rows if row["stage"] == "pretraining"]
    assert len(losses) == 30
    assert np.mean(losses[-3:]) < 0.8 * losses[0]
    assert [int(row["epoch"]) for row in rows if row["stage"] == "training"] == [0, 1, 2, 3]


def test_pretraining_repeats_itself_and_depends_on_the_unlabelled(pretrained):
    settings = TINY | {"pretraining_epochs": 2}
    models = [pretrained(name, seen).train(0, **settings) for name, seen in (("a", True), ("b", True), ("c", False))]
    assert learnt(models[0]) == learnt(models[1]) != learnt(models[2])


def test_a_killed_pretraining_goes_on_to_the_same_bits(pretrained, monkeypatch):
    from challengeflow_mabe_task1.models import temporal_pretrain

    settings = TINY | {"pretraining_epochs": 3}
    expected, killed = pretrained("whole").train(0, **settings), pretrained("killed")
    epoch, ran = temporal_pretrain._epoch, []

    def dies(*arguments):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(arguments[4])
        return epoch(*arguments)

    monkeypatch.setattr(temporal_pretrain, "_epoch", dies)
    with pytest.raises(KeyboardInterrupt):
        killed.train(0, **settings)
    (killed.root / "fold-0").rename(killed.root / "lost")
    monkeypatch.setattr(temporal_pretrain, "_epoch", lambda *given: ran.append(given[4]) or epoch(*given))
    resumed = killed.train(0, **settings)
    assert ran == [0, 1, 2]
    assert learnt(resumed) == learnt(expected)


def test_parts_hold_out_other_groups():
    from challengeflow_mabe_task1.models.temporal_model import _inner

    groups = [f"animal {k // 2}" for k in range(20)]
    first, second = _inner(groups, 0, 0.2), _inner(groups, 1, 0.2)
    assert len(first) == len(second) == 2 and not first & second
    assert _inner(groups[:4], 0, 0.2) == set()


def conv(**shape):
    from challengeflow_mabe_task1.models.temporal_conv_net import TemporalConvNet

    return TemporalConvNet(6, 3, channels=8, layers=4, dropout=0.5, input_dropout=0.5, **shape)


def gru(**shape):
    from challengeflow_mabe_task1.models.temporal_gru_net import TemporalGruNet

    return TemporalGruNet(6, 3, channels=8, layers=2, dropout=0.5, input_dropout=0.5, **shape)


@pytest.mark.parametrize("build", [gru, partial(conv, stages=1), partial(conv, stages=2)], ids=["gru", "one", "two"])
def test_a_causal_network_does_not_know_what_follows(build):
    torch.manual_seed(0)
    inputs = torch.randn(1, 6, 50)
    changed = inputs.clone()
    changed[:, :, 30:] += 1
    for causal in (True, False):
        net = build(causal=causal).eval()
        assert net(inputs)[-1].shape == (1, 3, 50)
        assert torch.equal(net(inputs)[-1][:, :, :30], net(changed)[-1][:, :, :30]) == causal


def test_steps_have_the_mean_and_spread_of_their_frames(clips):
    points, labels = clips["clip 0"]
    recipe = Recipe(VOCABULARY, MARS_PARTS, (6, 3))
    facts = {"fps": 30.0}
    frames = step_features(recipe, points[:100], facts, 30)
    steps = step_features(recipe, points[:100], facts, 4)
    width = (frames.shape[1] - 4) // 2
    assert steps.shape == (13, frames.shape[1])  # steps of 8 frames, the last one short
    for step, own in ((3, slice(24, 32)), (12, slice(96, 100))):
        np.testing.assert_allclose(steps[step, :width], np.nanmean(frames[own, :width], axis=0), atol=1e-4)
        np.testing.assert_allclose(steps[step, width:-4], np.nanstd(frames[own, :width], axis=0), atol=1e-3)
    assert step_labels(labels[:100], 8).tolist() == labels[[*range(4, 100, 8), 99]].tolist()


def test_frames_get_the_scores_of_their_steps():
    scores = np.array([[0.0, 1.0], [1.0, 0.0]])
    np.testing.assert_allclose(to_frames(scores, 7, 4, False)[:, 0], [0, 0, 0.125, 0.375, 0.625, 0.875, 1])
    np.testing.assert_allclose(to_frames(scores, 8, 4, True)[:, 0], [0.5, 0.5, 0.5, 0, 0, 0, 0, 1])


def test_without_pytorch_one_sentence_says_how_to_get_it(stages, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'challengeflow-mabe-task1\[torch\]'"):
        stages("none").train(0, **TINY)


def test_declaring_imports_no_torch():
    code = "import sys, challengeflow_mabe_task1 as p; p.models(); assert not {'torch', 'sklearn'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_a_sequence_without_a_track_gets_the_safe_answer(stages, tmp_path):
    made = stages("safe")
    model = made.train(0, **(TINY | {"epochs": 1}))
    index = tmp_path / "index.csv"
    index.write_text("sample,split,group\nlost,test,lost\n")
    with Writer(tmp_path / "prepared") as out:
        out.add("lost", {"status": "file damaged", "shape": [7, 4], "vocabulary": VOCABULARY})
    made.predict(Shard("t", "test", None, index, tmp_path / "prepared"), [model, model], tmp_path / "answers")
    assert (Predictions(tmp_path / "answers")["lost"] == [0, 0, 0, 1]).all()
