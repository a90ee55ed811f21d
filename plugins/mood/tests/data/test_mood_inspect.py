"""`challengeflow inspect mood`: every scan by its header, and every other file with its reason."""

import nibabel as nib
import numpy as np
import pytest

from challengeflow.planning.plugins import registry
from challengeflow.planning.settings import DatasetSettings
from challengeflow.reporting.inspect_source import UNSAID, files_of, inspect_source, wanting

SCAN = nib.Nifti1Image(np.arange(10**3, dtype=np.int16).reshape(10, 10, 10), np.diag([2, 2, 3, 1]))


def inspected(folder, dataset=None):
    rows = inspect_source(registry(), "mood", folder, dataset)
    assert {name for row in rows for name in row.files} == set(files_of(folder))
    assert not any(row.status == UNSAID for row in rows)
    return rows


def test_scans_of_ones_own(tmp_path):
    (tmp_path / "ward").mkdir()
    nib.save(SCAN, tmp_path / "ward/a.nii.gz")
    nib.save(nib.Nifti1Pair(SCAN.get_fdata().astype(np.float32), SCAN.affine), tmp_path / "b.img")
    nib.save(nib.Nifti1Image(np.zeros((4, 4, 4), np.uint8), np.eye(4)), tmp_path / "small.nii")
    for name, content in {"torn.nii.gz": b"\x1f\x8b!", "c.json": b"{}", "notes.txt": b"!", "._a.nii": b""}.items():
        (tmp_path / name).write_bytes(content)
    rows = inspected(tmp_path)
    found = {row.sample: row for row in rows if row.sample}
    assert set(found) == {"ward__a", "b", "small", "torn"}
    told = {"voxels": "10 x 10 x 10", "mm": "2 x 2 x 3", "axes to": "RAS", "type": "int16"}
    assert found["ward__a"].understood == told and found["b"].files == ("b.img", "b.hdr")
    assert "at least 8 voxels" in found["small"].status and "cannot be read" in found["torn"].status
    reasons = {row.files[0]: row.status for row in rows if not row.sample}
    assert (
        "beside no scan" in reasons["c.json"] and "macOS" in reasons["._a.nii"] and "no image" in reasons["notes.txt"]
    )


def test_the_organisers_files(tmp_path):
    for place in (
        "brain/brain_train/00001",
        "brain/toy/toy_1",
        "brain/toy/toy_2",
        "brain/toy_label/pixel/toy_1",
        "x/y",
    ):
        (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
        nib.save(SCAN, tmp_path / f"{place}.nii.gz")
    (tmp_path / "brain/toy_label/sample").mkdir()
    (tmp_path / "brain/toy_label/sample/toy_1.nii.gz.txt").write_text("1")
    rows = inspected(tmp_path)
    found = {row.sample: row for row in rows if row.sample}
    assert set(found) == {"00001", "toy_1", "toy_2"} and found["00001"].understood["split"] == "train or proxy"
    assert len(found["toy_1"].files) == 3 and found["toy_2"].notes[0].startswith("it is not scored")
    (stray,) = [row for row in rows if not row.sample]
    assert stray.files == ("x/y.nii.gz",) and "another place" in stray.status
    settings = DatasetSettings(splits={"train": "train", "proxy": "scored"}, gold=(), folds=2, shards={})
    rows = inspected(tmp_path, ("abdom", settings))
    assert wanting(rows)[0].startswith("it holds no train scan of 'abdom'")


@pytest.mark.parametrize("part", ["formats", "brain", "."])
def test_every_real_file_is_in_the_table(mood_real, part):
    rows = inspected(mood_real / part)
    good = {row.sample for row in rows if row.sample and row.status == "ok"}
    assert part != "formats" or {"dicom__ct", "mha", "FLAIR", "ras", "aparc.a2009s+aseg"} <= good
    assert part != "brain" or len(good) == 6
