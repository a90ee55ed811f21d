"""Prepared videos made in no time, a stalled or a moving pattern each, and a way to train and predict networks."""

from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path

import numpy as np

from challengeflow import PredictJob, Progress, Sample, Shard, TrainJob, write_samples
from challengeflow.arrays import Predictions, Writer
from challengeflow_clog_loss.models import declarations as declared

STAGE = {"flowing": None, "tier1_only": False, "epochs": 3}
TINY = {"frames": 8, "size": 16, "batch": 4, "stages": [STAGE], "inner": 0}
NETWORKS = {
    "kymograph-net": {"width": 8},
    "resnet3d-small": {"width": 4},
    "timm-temporal": {"backbone": "test_resnet", "group": 3, "step": 2, "size": 32},
    "densenet3d": {"blocks": [1, 1], "growth": 4, "sampling": "centre", "average_flips": "time"},
}
MODELS = {model.name: model for model in declared.MODELS}


def video(number: int, stalled: bool) -> dict[str, np.ndarray]:
    """Dark gaps in a bright vessel that stay, or move by two pixels a frame."""
    random = np.random.default_rng(number)
    frames, rows, columns = 12, 14, 36
    cells = random.random(columns + 2 * frames) < 0.35
    travelled = np.arange(frames) * (0 if stalled else 2)
    line = np.stack([cells[start : start + columns] for start in travelled])
    cube = np.full((frames, rows, columns), 30.0)
    cube[:, 4:10] = 140 - 90 * line[:, None]
    mask = np.zeros((rows, columns), np.uint8)
    mask[2:12, 1:-1] = 1
    surroundings = np.full((frames, 5), 30, np.float32)
    cube += random.normal(0, 4, cube.shape)
    return {"cube": cube.clip(0, 255).astype(np.uint8), "mask": mask, "surroundings": surroundings}


@dataclass
class Clips:
    """Two shards of prepared videos, a fold each, and a way to train and predict them."""

    root: Path
    shards: list[Shard]

    def job(self, model: str, work: str, **parameters) -> dict:
        defaults = {name: value["default"] for name, value in MODELS[model].parameters.items()}
        folder = self.root / "work" / work
        folder.mkdir(parents=True, exist_ok=True)
        common = {"challenge": "clog-loss", "dataset": "nano", "seed": 3, "threads": 2, "device": "cpu"}
        own = defaults | TINY | NETWORKS[model] | parameters
        return common | {"work": folder, "progress": Progress("test"), "parameters": own, "model": model}

    def train(self, model: str, name: str, shards=None, fold: int | None = 1, **parameters) -> Path:
        output = self.root / "models" / name
        output.mkdir(parents=True)
        chosen = tuple(self.shards[:1] if shards is None else shards)
        job = TrainJob(**self.job(model, name, **parameters), fold=fold, shards=chosen, output=output)
        import_module(MODELS[model].module).train(job)
        return output

    def predict(self, model: str, name: str, shard: Shard, folders, **parameters) -> Predictions:
        output = self.root / "predictions" / name
        output.mkdir(parents=True)
        hidden = replace(shard, gold=None)
        job = self.job(model, f"predict-{name}", **parameters)
        import_module(MODELS[model].module).predict(
            PredictJob(**job, models=tuple(folders), shard=hidden, output=output)
        )
        return Predictions(output)


def prepared_shards(root: Path) -> list[Shard]:
    """Two shards of eight videos of four projects; the last video of each cannot be read."""
    shards = []
    for fold in range(2):
        samples = [Sample(f"{fold}{number}", "train", "ABCD"[number % 2 + 2 * fold]) for number in range(9)]
        folder = root / str(fold)
        folder.mkdir()
        write_samples(folder, samples)
        with Writer(folder / "prepared") as out, Writer(folder / "gold") as gold:
            for number, sample in enumerate(samples):
                stalled = number % 4 < 2
                known = {"tier1": number % 8 != 0, "crowd_score": 0.7 if stalled else 0.1}
                gold.add(sample.id, known, scores=np.array([stalled], np.float32))
                status = "ok" if number < 8 else "file empty"
                arrays = video(10 * fold + number, stalled) if number < 8 else {}
                out.add(sample.id, {"status": status, "shape": [1]}, **arrays)
        table = folder / "samples.csv"
        shards.append(Shard(f"train-f{fold}", "train", fold, table, folder / "prepared", folder / "gold"))
    return shards
