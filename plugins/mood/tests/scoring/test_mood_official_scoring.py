"""Folders of files score as by the organisers' evalresults.py, to the last digit, whatever lies in them.

The reference here restates what that program does; where its repository (MIC-DKFZ/mood) is at hand, MOOD_REPOSITORY
names it and the program itself is the reference too, with the one repair it needs on today's NumPy (`np.int`).
"""

import csv
import gzip
import importlib.util
import os
import random
import warnings
from pathlib import Path

import nibabel as nib
import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.scoring import official_scoring
from challengeflow_mood.scoring.official_scoring import score_folder

metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the reference")
SHAPE = (7, 9, 21)  # more planes than one slab


class Restated:
    """What evalresults.py does: everything in memory, one call of sklearn."""

    @staticmethod
    def eval_list(predictions, labels, mode):
        pairs = []
        for prediction, label in zip(predictions, labels, strict=True):
            try:
                pairs.append(getattr(Restated, mode)(Path(prediction), Path(label)))
            except Exception:
                continue
        return metrics.average_precision_score(*(np.concatenate(part) for part in zip(*pairs, strict=True)))

    @staticmethod
    def pixel(prediction, label):
        mask = np.rint(nib.load(label).get_fdata()).astype(int).clip(0, 1) == 1
        try:
            values = nib.load(prediction).get_fdata(dtype=np.float16)
            values = values.clip(0, 1) if values.shape == mask.shape else np.zeros_like(mask)
        except Exception:
            values = np.zeros_like(mask)
        return mask.ravel(), values.ravel()

    @staticmethod
    def sample(prediction, label):
        truth = int(label.read_text().split("\n")[0])
        try:
            value = float(prediction.read_text().split("\n")[0])
        except Exception:
            value = 0.0
        return [truth], [np.clip(value, 0, 1)]

    @classmethod
    def eval_dir(cls, predictions, labels, mode):
        names = sorted(os.listdir(labels))
        return cls.eval_list([predictions / name for name in names], [labels / name for name in names], mode)

    @classmethod
    def bootstrap_dir(cls, predictions, labels, mode):
        random.seed(123)
        names = sorted(os.listdir(labels))
        drawn = [random.sample(range(len(names)), k=2) for _ in range(10)]
        return np.mean(
            [cls.eval_list([predictions / names[i] for i in d], [labels / names[i] for i in d], mode) for d in drawn]
        )


def references():
    found = [pytest.param(Restated, id="restated")]
    repository = os.environ.get("MOOD_REPOSITORY")
    if repository:
        spec = importlib.util.spec_from_file_location("evalresults", Path(repository) / "scripts/evalresults.py")
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        np.int = int
        found.append(pytest.param(module, id="evalresults.py"))
    return found


def save(path, values, affine=None):
    nib.save(nib.Nifti1Image(values, np.eye(4) if affine is None else affine), path)


@pytest.fixture
def folders(tmp_path):
    """Four cases of both tasks, one of them healthy, with sound predictions."""
    generator = np.random.default_rng(4)
    for task in ("pixel", "sample"):
        for kind in ("pred", "label"):
            (tmp_path / kind / task).mkdir(parents=True)
    for number in range(4):
        mask = (generator.random(SHAPE) < 0.1 * (number > 0)).astype(np.uint8)
        scores = np.clip(generator.random(SHAPE) + 0.3 * mask, 0, 1).astype(np.float32)
        name = f"toy_{number}.nii.gz"
        save(tmp_path / "label/pixel" / name, mask)
        save(tmp_path / "pred/pixel" / name, scores)
        (tmp_path / "label/sample" / f"{name}.txt").write_text(f"{int(number > 0)}\n")
        (tmp_path / "pred/sample" / f"{name}.txt").write_text(f"{generator.random()!r}\n")
    return tmp_path


def pixel(folder):
    return folder / "pred/pixel/toy_2.nii.gz"


def text(content):
    return lambda folder: (folder / "pred/sample/toy_2.nii.gz.txt").write_text(content)


def scaled(values, slope, inter):
    def write(folder):
        header = nib.Nifti1Header()
        header.set_data_dtype(np.int16)
        header.set_slope_inter(slope, inter)
        nib.save(nib.Nifti1Image(values, np.eye(4), header), pixel(folder))

    return write


def stored(make):
    return lambda folder: save(pixel(folder), make(np.asarray(nib.load(pixel(folder)).dataobj)))


def unpacked(path):
    path.write_bytes(gzip.decompress(path.read_bytes()))


def headed(**fields):
    def write(path):
        data = bytearray(gzip.decompress(path.read_bytes()))
        header = nib.Nifti1Header(bytes(data[:348]), check=False)
        for name, value in fields.items():
            header[name] = value
        path.write_bytes(gzip.compress(header.binaryblock + data[348:]))

    return write


NO_QUATERNION = {"sform_code": 0, "qform_code": 1, "quatern_b": 3}


def label(task, name, write):
    return lambda folder: write(folder / "label" / task / name)


PIXEL_TRAPS = {
    "sound": lambda folder: None,
    "missing": lambda folder: pixel(folder).unlink(),
    "wrong shape": lambda folder: save(pixel(folder), np.ones((3, 3, 3), np.float32)),
    "one dimension more": stored(lambda v: v[..., None]),
    "corrupt": lambda folder: pixel(folder).write_bytes(b"\x1f\x8bnothing"),
    "cut short": lambda folder: pixel(folder).write_bytes(pixel(folder).read_bytes()[:900]),
    "infinite": stored(lambda v: np.where(v > 0.7, np.inf, -np.inf).astype(np.float32)),
    "huge": stored(lambda v: v * 1e30),
    "beyond float16": stored(lambda v: (v * 1e6).astype(np.float64)),
    "tiny": stored(lambda v: v * np.float32(1e-9)),
    "small": stored(lambda v: v * np.float32(1e-4)),
    "packed below one": stored(lambda v: 0.999 + 0.001 * v),
    "negative": stored(lambda v: v - np.float32(0.5)),
    "float64": stored(lambda v: v.astype(np.float64)),
    "uint8": stored(lambda v: (v > 0.5).astype(np.uint8)),
    "int16": stored(lambda v: (v * 3).astype(np.int16)),
    "scaled": scaled(np.random.default_rng(1).random(SHAPE), slope=1e-4, inter=0.1),
    "another affine": lambda folder: save(pixel(folder), np.asarray(nib.load(pixel(folder)).dataobj), 3 * np.eye(4)),
    "packed by its name alone": lambda folder: unpacked(pixel(folder)),
    "a quaternion that is none": lambda folder: headed(**NO_QUATERNION)(pixel(folder)),
    "voxels from the first byte": lambda folder: headed(vox_offset=0)(pixel(folder)),
    "label packed by its name alone": label("pixel", "toy_1.nii.gz", unpacked),
    "label without a quaternion": label("pixel", "toy_1.nii.gz", headed(**NO_QUATERNION)),
    "stray prediction": lambda folder: (folder / "pred/pixel/extra.nii.gz").write_bytes(b"x"),
    "stray label": label("pixel", ".DS_Store", lambda path: path.write_bytes(b"x")),
    "float label": label("pixel", "toy_1.nii.gz", lambda path: save(path, np.random.default_rng(2).random(SHAPE) * 2)),
    "label of NaN": label("pixel", "toy_1.nii.gz", lambda path: save(path, np.full(SHAPE, np.nan))),
    "scaled label": label("pixel", "toy_1.nii.gz", lambda path: save(path, (np.indices(SHAPE)[0] > 4) * np.int16(7))),
}
SAMPLE_TRAPS = {
    "sound": lambda folder: None,
    "missing": lambda folder: (folder / "pred/sample/toy_2.nii.gz.txt").unlink(),
    "tensor": text("tensor(0.9)\n"),
    "list": text("[0.9]"),
    "blank first line": text("\n0.9\n"),
    "spaces": text("  0.9  \n"),
    "infinite": text("inf\n"),
    "negative": text("-3\n"),
    "huge": text("1e300\n"),
    "binary": lambda folder: (folder / "pred/sample/toy_2.nii.gz.txt").write_bytes(b"\xff\xfe\x00"),
    "0.0 label": label("sample", "toy_1.nii.gz.txt", lambda path: path.write_text("0.0\n")),
    "stray label": label("sample", ".DS_Store", lambda path: path.write_bytes(b"\xff\x00")),
}
TRAPS = [("pixel", n, t) for n, t in PIXEL_TRAPS.items()] + [("sample", n, t) for n, t in SAMPLE_TRAPS.items()]


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("reference", references())
@pytest.mark.parametrize(("task", "trap"), [pytest.param(t, trap, id=f"{t}: {n}") for t, n, trap in TRAPS])
def test_equal_to_the_last_digit(folders, reference, task, trap):
    trap(folders)
    places = folders / "pred" / task, folders / "label" / task
    ours = score_folder(*places, task)
    assert ours.average_precision == reference.eval_dir(*places, mode=task)


@pytest.mark.parametrize("reference", references())
@pytest.mark.parametrize(("task", "name"), [("pixel", "sound"), ("pixel", "stray label"), ("sample", "0.0 label")])
def test_the_organisers_draws(folders, reference, task, name):
    {"pixel": PIXEL_TRAPS, "sample": SAMPLE_TRAPS}[task][name](folders)
    places = folders / "pred" / task, folders / "label" / task
    assert np.mean(score_folder(*places, task).draws()) == reference.bootstrap_dir(*places, mode=task)


@pytest.mark.parametrize("reference", references())
@pytest.mark.parametrize("seed", range(8))
def test_equal_on_random_cases(tmp_path, reference, seed):
    generator = np.random.default_rng(seed)
    for kind in ("pred", "label"):
        (tmp_path / kind).mkdir()
    for number in range(3):
        shape = tuple(generator.integers(4, 24, 3))
        mask = (generator.random(shape) < generator.uniform(0, 0.2)).astype(np.uint8)
        scores = generator.beta(0.3, 3, shape) ** generator.uniform(0.2, 4) + 0.1 * mask * generator.random(shape)
        save(tmp_path / "label" / f"{number}.nii.gz", mask)
        save(tmp_path / "pred" / f"{number}.nii.gz", scores.astype(np.float32))
    ours = score_folder(tmp_path / "pred", tmp_path / "label", "pixel")
    assert ours.average_precision == reference.eval_dir(tmp_path / "pred", tmp_path / "label", mode="pixel")


@pytest.mark.parametrize("reference", references())
def test_a_nan_voids_the_score_there_and_is_named_here(folders, reference):
    stored(lambda v: np.where(v > 0.99, np.nan, v))(folders)
    text("nan\n")(folders)
    for task in ("pixel", "sample"):
        places = folders / "pred" / task, folders / "label" / task
        with pytest.raises(ValueError, match="NaN"):
            reference.eval_dir(*places, mode=task)
        ours = score_folder(*places, task)
        assert ours.average_precision is None
        assert 0 < ours.repaired < 1
        assert [case.name[:5] for case in ours.cases if case.void] == ["toy_2"]


def test_reasons_and_what_they_cost(folders):
    pixel(folders).unlink()
    (folders / "pred/pixel/toy_3.nii.gz").write_bytes(b"\x1f\x8bnothing")
    save(folders / "pred/pixel/toy_1.nii.gz", np.ones((3, 3, 3), np.float32))
    ours = score_folder(folders / "pred/pixel", folders / "label/pixel", "pixel")
    reasons = {case.name[:5]: case.reason for case in ours.cases}
    assert reasons["toy_0"] == ""
    assert reasons["toy_2"] == "missing"
    assert "shape (3, 3, 3); expected (7, 9, 21)" in reasons["toy_1"]
    assert "cannot be read" in reasons["toy_3"]
    assert set(ours.lost()) == {f"toy_{n}.nii.gz" for n in (1, 2, 3)}


def test_lost_is_the_difference_that_leaving_the_case_out_makes(folders):
    before = score_folder(folders / "pred/sample", folders / "label/sample", "sample")
    text("tensor(0.9)")(folders)
    after = score_folder(folders / "pred/sample", folders / "label/sample", "sample")
    (folders / "label/sample/toy_2.nii.gz.txt").unlink()
    without = score_folder(folders / "pred/sample", folders / "label/sample", "sample")
    assert not before.lost()
    assert after.lost() == {"toy_2.nii.gz.txt": without.repaired - after.repaired}


def test_folders_that_cannot_be_scored(folders):
    with pytest.raises(InputError, match="is no folder"):
        score_folder(folders / "nowhere", folders / "label/pixel", "pixel")
    (folders / "empty").mkdir()
    with pytest.raises(InputError, match="holds no label"):
        score_folder(folders / "pred/pixel", folders / "empty", "pixel")


def test_draws_need_two_cases():
    assert official_scoring.organiser_draws(1) == []
    assert len(official_scoring.organiser_draws(5)) == 10


@pytest.mark.parametrize("labels", [(0, 1), (1, 1), (0, 0), (2, 2), (0, 2), (-1, 0), (-1, 1), (0, 1, 2), (1, 2)])
def test_labels_that_sklearn_refuses_void_the_score_and_are_named(tmp_path, labels):
    for kind in ("pred", "label"):
        (tmp_path / kind).mkdir()
    scores = np.linspace(0.2, 0.9, len(labels))
    for number, (label, score) in enumerate(zip(labels, scores, strict=True)):
        (tmp_path / "label" / f"{number}.txt").write_text(f"{label}\n")
        (tmp_path / "pred" / f"{number}.txt").write_text(f"{score}\n")
    ours = score_folder(tmp_path / "pred", tmp_path / "label", "sample")
    try:
        with warnings.catch_warnings(action="ignore"):
            expected = metrics.average_precision_score(labels, scores)
    except ValueError:
        expected = None
    assert ours.average_precision == (None if expected is None else pytest.approx(expected))
    assert bool(ours.wrong_labels) == (expected is None)
    if ours.wrong_labels:
        assert "expected 0 and 1 alone (look at " in ours.wrong_labels


def cases_of_the_organisers() -> list[str]:
    """Names in the table of what their program prints, where the folder is there."""
    default = Path(__file__).resolve().parents[4].parent / "shared" / "data"
    table = Path(os.environ.get("CHALLENGEFLOW_DATA", default)) / "mood" / "scorer-cases" / "official.csv"
    return [row["folder"] for row in csv.DictReader(table.open())] if table.is_file() else []


@pytest.mark.parametrize("name", cases_of_the_organisers())
def test_what_the_organisers_program_prints(mood_real, tmp_path, name):
    folder = mood_real / "scorer-cases"
    predictions = folder / name / "pred" if (folder / name / "pred").is_dir() else tmp_path  # an empty one
    with open(folder / "official.csv") as file:
        printed = {row["folder"]: row["official"] for row in csv.DictReader(file)}[name]
    ours = score_folder(predictions, folder / name / "lab", (folder / name / "task").read_text().strip())
    if printed.startswith("ValueError"):
        assert ours.average_precision is None
    else:
        assert ours.average_precision == float(printed)


def test_a_nan_before_a_file_breaks_off_counts_as_zero(tmp_path):
    for kind in ("pred", "label"):
        (tmp_path / kind).mkdir()
        for name in ("a", "b"):
            values = np.random.default_rng(1).random((8, 8, 40)).astype(np.float32)
            save(tmp_path / kind / f"{name}.nii", values if kind == "pred" else (values > 0.9).astype(np.uint8))
    path = tmp_path / "pred" / "b.nii"
    values = np.random.default_rng(1).random((8, 8, 40)).astype(np.float32)
    values[0, 0, 0] = np.nan
    save(path, values)
    path.write_bytes(path.read_bytes()[:-2000])
    ours = score_folder(tmp_path / "pred", tmp_path / "label", "pixel")
    assert ours.average_precision == ours.repaired
    assert [case.reason != "" for case in ours.cases] == [False, True]
