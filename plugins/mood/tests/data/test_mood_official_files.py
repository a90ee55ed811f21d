"""The organisers' files, in zips and folders: found by any of their names, audited from headers, people kept
together.
"""

import csv
import gzip
import zipfile

import nibabel as nib
import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mood.commands import check_mood
from challengeflow_mood.data.official_layout import find_layout
from challengeflow_mood.data.volumes import read_scan


def scan(shape=(12, 12, 12), affine=None, dtype=np.float32, seed=0):
    """A NIfTI scan of noise."""
    values = np.random.default_rng(seed).random(shape).astype(dtype)
    return nib.Nifti1Image(values, np.eye(4) if affine is None else affine)


def compressed(image) -> bytes:
    return gzip.compress(image.to_bytes(), 1, mtime=0)


@pytest.fixture
def small_challenge(monkeypatch):
    """The challenge as if it had two train scans of 12^3 a dataset and one toy case."""
    monkeypatch.setattr(check_mood, "EXPECTED", {"brain": (2, 12), "abdom": (2, 12)})
    monkeypatch.setattr(check_mood, "TOYS", 1)


def write_dataset(base, train="brain/brain_train", toy="brain/toy", scans=None):
    """A whole dataset as files."""
    for name, image in (scans or {"00000": scan(seed=1), "00001": scan(seed=2)}).items():
        path = base / train / f"{name}.nii.gz"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(compressed(image))
    for part, name in ((toy, "toy_0.nii.gz"), (f"{toy}_label/pixel", "toy_0.nii.gz")):
        (base / part).mkdir(parents=True, exist_ok=True)
        (base / part / name).write_bytes(compressed(scan(seed=3)))
    (base / f"{toy}_label/sample").mkdir(parents=True)
    (base / f"{toy}_label/sample/toy_0.nii.gz.txt").write_text("1\n")


@pytest.mark.parametrize(
    ("train", "toy"),
    [("abdom/abdom_train", "abdom/toy"), ("colon/colon_train", "colon/toy"), ("abdom/train", "abdom/toy")],
)
def test_all_names_of_the_abdomen_are_one(tmp_path, train, toy):
    write_dataset(tmp_path, train, toy)
    found = find_layout([tmp_path], "abdom")
    assert list(found.train) == ["00000.nii.gz", "00001.nii.gz"]
    assert len(found.toy) == len(found.pixel_labels) == len(found.sample_labels) == 1
    assert not find_layout([tmp_path], "brain").train


def test_zips_and_folders_hold_the_same(tmp_path):
    base = tmp_path / "loose"
    write_dataset(base)
    (tmp_path / "zips").mkdir()
    for part, name in (("brain/brain_train", "brain_train.zip"), ("brain/toy", "brain_toy.zip")):
        with zipfile.ZipFile(tmp_path / "zips" / name, "w") as archive:
            for path in sorted(p for p in (base / "brain").rglob("*") if p.is_file() and p.is_relative_to(base / part)):
                archive.write(path, path.relative_to(base / "brain").as_posix())
    loose, packed = find_layout([base], "brain"), find_layout([tmp_path / "zips"], "brain")
    assert list(loose.train) == list(packed.train)
    for name, entry in packed.train.items():
        assert entry.head(352) == loose.train[name].head(352)
        with entry.opened() as path, loose.train[name].opened() as other:
            np.testing.assert_array_equal(read_scan(path).volume, read_scan(other).volume)


def test_a_sound_folder_and_a_sound_zip_pass(tmp_path, small_challenge, capsys):
    write_dataset(tmp_path / "data")
    write_dataset(tmp_path / "data", "abdom/abdom_train", "abdom/toy")
    assert check_mood.main([str(tmp_path / "data"), "--values"]) == 0
    assert "nothing is wrong" in capsys.readouterr().out


def test_what_is_wrong_is_named(tmp_path, small_challenge, capsys):
    nan, grey = scan(seed=5), scan(seed=6)
    np.asarray(nan.dataobj)[0, 0, :3] = np.nan
    grey = nib.Nifti1Image((np.asarray(grey.dataobj) * 900).astype(np.int16), np.eye(4))
    scans = {
        "00000": scan(seed=1),
        "00001": scan(seed=1),
        "00002": scan((12, 12, 10), seed=2),
        "00003": scan(affine=np.diag([2, 1, 1, 1]), seed=3),
        "00004": nan,
        "00005": grey,
    }
    write_dataset(tmp_path, scans=scans)
    (tmp_path / "brain/brain_train/00006.nii.gz").write_bytes(b"\x1f\x8bnothing")
    (tmp_path / "brain/toy_label/sample/toy_0.nii.gz.txt").unlink()
    assert check_mood.main([str(tmp_path), "--values"]) == 1
    told = capsys.readouterr().out
    for reason in (
        "7 train scans, expected 2",
        "toy_0.nii.gz has no toy_label",
        "00000.nii.gz, 00001.nii.gz hold the same",
        "00002.nii.gz has the shape (12, 12, 10), expected (12, 12, 12)",
        "00003.nii.gz has the affine 2 0 0 0",
        "00004.nii.gz has 3 voxels that hold no measurement",
        "00005.nii.gz has the type int16, most have float32",
        "00005.nii.gz has values outside [0, 1]",
        "00006.nii.gz has no header that can be read",
    ):
        assert reason in told, told


def test_a_folder_without_the_challenge_is_one_sentence(tmp_path):
    with pytest.raises(InputError, match="holds no file of MOOD"):
        check_mood.main([str(tmp_path)])


def test_scans_of_one_person_are_never_parted(tmp_path, mood_run):
    write_dataset(tmp_path / "data", scans={f"{n:05d}": scan(seed=n) for n in range(6)})
    table = tmp_path / "data/brain/brain_train/groups.csv"
    with open(table, "w", newline="") as file:
        csv.writer(file).writerows([("file", "group"), *((f"{n:05d}.nii.gz", f"person {n // 2}") for n in range(6))])
    samples = mood_run(tmp_path / "run", source=str(tmp_path / "data")).index()
    group = {sample.id: sample.group for sample in samples}
    assert [group[f"{n:05d}"] for n in range(6) if f"{n:05d}" in group] == [
        f"person {n // 2}" for n in range(6) if f"{n:05d}" in group
    ]
    proxy = {sample.group for sample in samples if sample.split == "proxy"}
    assert len(proxy) == 1
    assert not proxy & {sample.group for sample in samples if sample.split == "train"}
    table.write_text("file,group\n00000.nii.gz,one\n")
    with pytest.raises(InputError, match=r"no row for the train scan 00001\.nii\.gz"):
        mood_run(tmp_path / "again", source=str(tmp_path / "data")).index()
    table.write_text("scan,person\n00000.nii.gz,one\n")
    with pytest.raises(InputError, match="needs the columns 'file' and 'group'"):
        mood_run(tmp_path / "third", source=str(tmp_path / "data")).index()


def odd(kind):
    """One and the same scan of 10 x 14 x 9, stored in odd ways."""
    values = np.random.default_rng(4).integers(0, 200, (10, 14, 9)).astype(np.int16)
    affine = np.diag([0.7, 1.3, 4.0, 1.0])
    match kind:
        case "four-dimensional":
            return nib.Nifti1Image(values[..., None], affine)
        case "big-endian":
            return nib.Nifti1Image(values.astype(">i2"), affine, nib.Nifti1Header(endianness=">"))
        case "scaled":
            image = nib.Nifti1Image(values, affine)
            image.header.set_slope_inter(2.5, -1024)
            return image
        case "turned":
            return nib.Nifti1Image(values, affine).as_reoriented([[2, 1], [0, -1], [1, 1]])
        case "Hounsfield":
            return nib.Nifti1Image(values * 10 - 1000, affine)
        case "NIfTI-2":
            return nib.Nifti2Image(values.astype(np.float64), affine)
        case "MGH":
            return nib.MGHImage(values.astype(np.float32), affine)


@pytest.mark.parametrize("kind", ["four-dimensional", "big-endian", "scaled", "turned", "Hounsfield", "NIfTI-2", "MGH"])
def test_ones_own_scans_may_be_odd(tmp_path, kind):
    path = tmp_path / ("scan.mgz" if kind == "MGH" else "scan.nii.gz")
    nib.save(odd(kind), path)
    scan = read_scan(path)
    volume, facts = scan.volume, scan.geometry
    raw = values = np.random.default_rng(4).integers(0, 200, (10, 14, 9))
    values = np.clip((values - values.min()) / (np.percentile(values, 99.9) - values.min()), 0, 1)
    if kind in ("Hounsfield", "scaled"):
        assert facts["scaling"] == [-1000, 1000]
        values = {"Hounsfield": raw / 200, "scaled": (2.5 * raw - 24) / 2000}[kind].clip(0, 1)
    if kind == "turned":
        volume = volume.transpose(2, 0, 1)[:, ::-1]
        assert facts["original"] == [14, 9, 10]
    assert volume.dtype == np.float32
    assert volume.shape == (10, 14, 9)
    np.testing.assert_allclose(volume, values, atol=0.02)
