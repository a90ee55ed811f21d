"""Pictures: every file is small and listed, they show what is scored, and none needs PyTorch."""

import json
import sys
from dataclasses import replace

import numpy as np
import pytest
from clog_loss_moving_bars import NETWORKS, STAGE, Clips, prepared_shards
from PIL import Image

from challengeflow import DrawJob, Member, ScoreJob
from challengeflow.running.check_pictures import check
from challengeflow_clog_loss.pictures import draw as pictures
from challengeflow_clog_loss.pictures import frame_strips
from challengeflow_clog_loss.scoring.score import score

pytest.importorskip("torch")

SETTINGS = {"stages": [STAGE | {"epochs": 20}], "learning_rate": 0.01, "augmentation": False, "size": 32}


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    """A function that draws resnet3d-small, each fold answered by the model of the other, scored by the plugin."""
    made = Clips(tmp_path_factory.mktemp("pictures"), prepared_shards(tmp_path_factory.mktemp("clips")))
    folders = [made.train("resnet3d-small", f"fold-{k}", [made.shards[1 - k]], fold=k, **SETTINGS) for k in range(2)]
    shards = []
    for k, shard in enumerate(made.shards):
        made.predict("resnet3d-small", shard.name, shard, [folders[k]], **SETTINGS)
        shards.append(replace(shard, predictions=made.root / "predictions" / shard.name))

    def draw(name: str):
        output = made.root / name
        output.mkdir()
        parameters = {"target_prevalence": 0.046, "plausible_share": None}
        common = made.job("resnet3d-small", name) | {"parameters": parameters}
        scores, decision = made.root / f"{name}.json", made.root / f"{name}-decision.json"
        score(ScoreJob(**common, shards=tuple(shards), scores=scores, decision=decision))
        scores.write_text(json.dumps({"splits": json.loads(scores.read_text())}))  # as the core completes it
        member = Member("resnet3d-small", NETWORKS["resnet3d-small"], tuple(folders), module="", summary="")
        paths = {"scores": scores, "decision": decision, "output": output}
        pictures.draw(DrawJob(**common, shards=tuple(shards), members=(member,), **paths))
        check(output, "pictures")
        return output, json.loads((output / "pictures.json").read_text())

    return draw


def test_what_is_drawn(drawn):
    output, entries = drawn("all")
    titles = [entry["title"] for entry in entries]
    assert titles == [
        "The surest of each kind",
        "Stalled with the lowest scores",
        "Flowing with the highest scores",
        "Missed, frame by frame",
        "False alarm, frame by frame",
        "What the network looked at",
        "Precision and sensitivity",
        "Calibration",
        "How many to call stalled",
        "Score by project",
        "Learning curve",
    ]
    by_title = dict(zip(titles, entries, strict=True))
    assert len(by_title["Missed, frame by frame"]["files"]) == 12
    assert [line["name"] for line in by_title["Precision and sensitivity"]["lines"]] == [
        "55.6% stalled",
        "4.6% stalled",
    ]
    plain, target = (line["y"] for line in by_title["Precision and sensitivity"]["lines"])
    assert all(rare <= common for rare, common in zip(target, plain, strict=True))
    for path in output.rglob("*.png"):
        assert path.stat().st_size < 300_000
        pixels = np.asarray(Image.open(path).convert("L"))
        assert pixels.std() > 5, path


def test_without_pytorch_all_but_what_was_looked_at_is_drawn(drawn, monkeypatch):
    from challengeflow_clog_loss.pictures import draw as of_scores

    monkeypatch.setattr(of_scores, "find_spec", lambda name: None)
    for name in [name for name in sys.modules if name.endswith("pictures.occlusion")]:
        monkeypatch.setitem(sys.modules, name, None)
    _, entries = drawn("no-torch")
    assert "What the network looked at" not in [entry["title"] for entry in entries] and len(entries) == 10


def test_a_hidden_place_counts_where_the_network_looks():
    import torch

    from challengeflow_clog_loss.models.networks.clips import Clip
    from challengeflow_clog_loss.pictures.occlusion import fall_by_place

    class Corner(torch.nn.Module):
        def forward(self, clips):
            return clips[:, 0, :, :4, :4].mean(dim=(1, 2, 3))

    clip = Clip(np.ones((3, 16, 16), np.float16), np.ones((16, 16), np.float16))
    fall = fall_by_place(Corner(), clip, "cpu")
    assert fall[0, 0] > 0.5 and np.all(fall[8:, 8:] == 0)


def test_a_sheet_of_large_noisy_videos_stays_small(tmp_path):
    random = np.random.default_rng(0)
    cube = random.integers(0, 255, (60, 120, 120)).astype(np.uint8)
    mask = np.zeros((120, 120), np.uint8)
    mask[30:90, 30:90] = 1
    rows = [frame_strips.Row(str(k), True, 0.5, {"cube": cube, "mask": mask}) for k in range(5)]
    frame_strips.draw(tmp_path / "sheet.png", rows)
    assert (tmp_path / "sheet.png").stat().st_size < 400_000
