"""The networks: they can learn, repeat themselves to the bit, go on after a kill, see no scored kind and no other
data.
"""

import csv
import itertools
import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import challengeflow_mood as plugin
from challengeflow import InputError
from challengeflow.arrays import Arrays
from challengeflow_mood.anomalies import FITTED, PROXY, STOPPING
from challengeflow_mood.anomalies.insertion import LEARNT_RADII, MIN_VOXELS, insert
from challengeflow_mood.anomalies.made_cases import Case, made_case, made_cases, unlabelled
from challengeflow_mood.data.healthy_scans import Healthy, read_healthy
from challengeflow_mood.demo import phantoms
from challengeflow_mood.models import patches, pca_residual

torch = pytest.importorskip("torch")

GRID = 16
TINY = {"channels": 4, "steps": 6, "check_every": 2, "cases": 8, "inner_cases": 4, "patience": 9}
SMALL = {
    "unet3d": TINY | {"levels": 2},
    "timm-slices": TINY | {"slices": 4, "encoder": "test_resnet"},
}
MODELS = [model for model in plugin.models() if model.name in SMALL]
NAMES = [model.name for model in MODELS]


@pytest.fixture
def runner(tmp_path, mood_models):
    """Makes what trains and predicts a small network, in a folder of its own."""
    return lambda model, name="run": mood_models(tmp_path / name, model, SMALL[model.name])


def eight_cases(shard):
    """Four heads with a bright cube somewhere, and four as they are, by turns: each batch has both."""
    arrays, cases = Arrays(shard.prepared), []
    anatomy = pca_residual.fit_some(read_healthy([shard], 100, 4, 0, "heads"), 2)
    for number, name in enumerate(arrays.ok()):
        volume, mask = np.array(arrays[name]["volume"], np.float32), arrays[name]["mask"]
        anomaly = np.zeros(mask.shape, np.uint8)
        if abnormal := number % 2 == 0:
            anomaly[4 + number // 2 : 9 + number // 2, 6:11, 5:10] = 1
            volume[anomaly > 0] = 1
        cases.append(Case(volume, mask, anomaly, "cube" if abnormal else "", anatomy))
    return cases


FITS = {
    "unet3d": {"channels": 16, "levels": 2, "stem": 2, "batch": 4, "steps": 200, "learning_rate": 0.01},
    "timm-slices": {"channels": 16, "slices": 16, "batch": 2, "steps": 300, "learning_rate": 0.004},
}


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_it_fits_eight_samples_perfectly(runner, model, mood_heads, monkeypatch):
    from challengeflow import networks
    from challengeflow.arrays import Arrays
    from challengeflow_mood.models import network_fit

    cases = eight_cases(mood_heads)
    drawn = iter(itertools.cycle(cases))
    monkeypatch.setattr(network_fit, "made_case", lambda *_, **__: next(drawn))
    plain = {"inner": 0, "augment": False, "weight_decay": 0, "check_every": 200}
    folder = runner(model).train(**plain, **FITS[model.name])
    facts = json.loads((folder / "model.json").read_text())
    kind = sys.modules[model.module].NETWORK
    net = kind.build(facts["parameters"], GRID)
    networks.put_weights(net, Arrays(folder / "weights")["net"])
    for case in cases:
        logits, odds = kind.logits(facts["parameters"], "cpu", net, case)
        assert (odds > 0) == bool(case.kind)
        inside = case.mask > 0
        np.testing.assert_array_equal((logits > 0)[inside], case.anomaly[inside] > 0)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_it_repeats_itself_and_goes_on_after_a_kill_to_the_same_bits(runner, model, monkeypatch):
    from challengeflow_mood.models import network_fit

    whole = runner(model, "whole")
    expected = whole.train()
    steps, ran = network_fit._steps, []

    def dies(*arguments):
        if len(ran) == 2:
            raise KeyboardInterrupt
        ran.append(arguments[5])
        return steps(*arguments)

    killed = runner(model, "killed")
    monkeypatch.setattr(network_fit, "_steps", dies)
    with pytest.raises(KeyboardInterrupt):
        killed.train("lost")
    monkeypatch.setattr(network_fit, "_steps", lambda *arguments: ran.append(arguments[5]) or steps(*arguments))
    resumed = killed.train()
    assert ran == [range(0, 2), range(2, 4), range(4, 6)]
    for file in ("weights/data.bin", "curve.csv", "model.json", "scale.npy"):
        assert (resumed / file).read_bytes() == (expected / file).read_bytes(), file
    first, second = whole.predict(expected), killed.predict(resumed, resumed)
    for name in first:
        assert first[name].shape == (1, GRID, GRID, GRID)
        np.testing.assert_array_equal(first[name], second[name])
    assert not first["lost"].any()
    assert 0 < first["head-0"].max() < 1


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
def test_what_stops_it_is_no_part_of_what_it_learns_from(runner, model):
    folder = runner(model).train()
    facts = json.loads((folder / "model.json").read_text())
    assert facts["inner_groups"]
    assert facts["scans"] == 8 - len(facts["inner_groups"])
    assert not set(facts["fitted_on"]) & set(facts["stopped_by"])
    assert not (set(facts["fitted_on"]) | set(facts["stopped_by"])) & set(PROXY)
    with open(folder / "curve.csv") as file:
        curve = list(csv.DictReader(file))
    assert [int(row["step"]) for row in curve] == [2, 4, 6]
    assert all(0 <= float(row["score"]) <= 1 for row in curve)


def test_it_ends_with_the_best_check_and_stops_early(runner, monkeypatch):
    from challengeflow_mood.models import network_fit

    scores, weights = iter([0.1, 0.4, 0.2, 0.3, 0.9]), []

    def score(net, inner, fitting):
        weights.append({name: value.numpy().copy() for name, value in net.state_dict().items()})
        return next(scores)

    monkeypatch.setattr(network_fit, "inner_score", score)
    folder = runner(plugin.UNET3D).train(steps=10, patience=2)
    with open(folder / "curve.csv") as file:
        assert [float(row["score"]) for row in csv.DictReader(file)] == [0.1, 0.4, 0.2, 0.3]
    kept = network_weights(folder)
    for name, value in weights[1].items():
        np.testing.assert_array_equal(kept[name], value)


def network_weights(folder):
    return Arrays(folder / "weights")["net"]


def test_a_larger_grid_goes_through_in_27_patches_that_know_their_place(runner):
    made = runner(plugin.UNET3D)
    sizes = {"patch": 8, "levels": 2, "stem": 1}
    folder = made.train(**sizes)
    assert network_weights(folder)["place.weight"].shape == (27, 4)
    assert made.predict(folder, **sizes)["head-0"].any()
    starts = patches.starts(GRID, 8)
    assert len(set(starts)) == 27
    values = np.random.default_rng(0).random((GRID, GRID, GRID), np.float32)
    parts = [patches.cut(values, start, 8) for start in starts]
    np.testing.assert_allclose(patches.joined(parts, GRID, 8), values, rtol=1e-6)


def test_a_patch_that_cannot_be_halved_is_one_sentence(runner):
    with pytest.raises(InputError, match="multiple of 32"):
        runner(plugin.UNET3D).train(levels=5, stem=2)


@pytest.mark.parametrize("model", MODELS, ids=NAMES)
@pytest.mark.parametrize("weights", [True, "imagenet", "weights.pth"])
def test_pretrained_weights_are_refused(runner, model, weights):
    with pytest.raises(InputError, match="forbids other data"):
        runner(model).train(pretrained=weights)


def test_an_encoder_with_weights_or_unknown_is_refused(runner):
    with pytest.raises(InputError, match="forbids other data"):
        runner(plugin.TIMM_SLICES).train(encoder="resnet18.a1_in1k")
    with pytest.raises(InputError, match="no encoder 'resnet-of-mine'"):
        runner(plugin.TIMM_SLICES, "other").train(encoder="resnet-of-mine")


def test_without_pytorch_one_sentence_says_how_to_get_it(runner, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(InputError, match=r"pip install 'challengeflow-mood\[torch\]'"):
        runner(plugin.UNET3D).train()


def test_declaring_imports_no_torch():
    code = "import sys, challengeflow_mood as p; p.models(); assert not {'torch', 'timm', 'sklearn'} & set(sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_groups_stay_whole_in_the_inner_split():
    from challengeflow_mood.models.network_model import inner_groups

    groups = tuple(f"person {number // 3}" for number in range(12))
    assert len(inner_groups(groups, 0.25, 1)) == 1
    assert len(inner_groups(groups, 0.5, 1)) == 2
    assert inner_groups(groups, 0, 1) == inner_groups(("one",) * 12, 0.5, 1) == set()
    assert inner_groups(tuple("abcd"), 0.5, 1) == set()  # of the two left none would have two others


def test_a_scan_is_described_by_the_anatomy_of_others(mood_heads):
    from challengeflow_mood.models.network_model import _with_anatomies, seen

    healthy = read_healthy([mood_heads], 8, 4, 0, "test")
    groups = tuple("abcd"[number // 2] for number in range(8))
    known = _with_anatomies(replace(healthy, groups=groups), 2)
    volumes = healthy.volumes.copy()
    volumes[:2] *= np.float16(0.5)
    volumes[:2, 4:9, 4:9, 4:9] = 1
    other = _with_anatomies(replace(healthy, groups=groups, volumes=volumes), 2)
    for at in range(8):
        same = np.array_equal(known.anatomies[at]["grey_mean"], other.anatomies[at]["grey_mean"])
        assert same == np.array_equal(known.anatomies[at]["bent_mean"], other.anatomies[at]["bent_mean"])
        assert same == (groups[at] == "a")  # group a has changed: all others' anatomy has, its own has not
    inputs = seen(unlabelled(volumes[0], healthy.masks[0], other.anatomies[0]))
    assert inputs.shape == (5, GRID, GRID, GRID)
    assert inputs.dtype == np.float32
    body, bright = healthy.masks[0] > 0, np.zeros((GRID,) * 3, bool)
    bright[4:9, 4:9, 4:9] = True
    assert inputs[3][bright].mean() > inputs[3][body & ~bright].mean()


def test_a_case_has_up_to_so_many_anomalies_of_the_kinds_asked_for(mood_heads):
    healthy = read_healthy([mood_heads], 8, 4, 0, "test")
    sizes = {
        most: [made_case(healthy, FITTED, 1.0, np.random.default_rng(n), 0, most).anomaly.sum() for n in range(20)]
        for most in (1, 3)
    }
    assert all(size >= MIN_VOXELS for size in sizes[1])
    assert np.mean(sizes[3]) > 1.3 * np.mean(sizes[1])
    assert not made_case(healthy, FITTED, 0.0, np.random.default_rng(0), 0, 3).anomaly.any()


def test_made_cases_use_the_sizes_to_learn_from(mood_heads, monkeypatch):
    healthy, drawn = read_healthy([mood_heads], 8, 4, 0, "test"), []
    monkeypatch.setattr(
        "challengeflow_mood.anomalies.made_cases.insert", lambda *given: drawn.append(given[5]) or insert(*given)
    )
    made_case(healthy, FITTED, 1.0, np.random.default_rng(0), 0)
    assert drawn == [LEARNT_RADII]


def test_made_cases_repeat_and_half_are_healthy():
    volumes = np.stack([phantoms.phantom("brain", 32, np.random.default_rng(n)) for n in range(3)])
    healthy = Healthy(volumes, (volumes > 0.05).astype(np.uint8), ("a", "b", "c"), (180.0,) * 3)
    once, again = (made_cases(healthy, STOPPING, 4, (9,)) for _ in range(2))
    assert [bool(case.kind) for case in once] == [False, True] * 6
    assert {case.kind for case in once} <= {"", *STOPPING}
    for first, second in zip(once, again, strict=True):
        np.testing.assert_array_equal(first.volume, second.volume)
        np.testing.assert_array_equal(first.anomaly, second.anomaly)
        assert first.anomaly.any() == bool(first.kind)
