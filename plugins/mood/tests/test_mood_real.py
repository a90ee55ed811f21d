"""Real scans: every file is read, aligned, scored, and gets a map of its own shape and affine. Skips without them."""

import csv
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from challengeflow.arrays import Arrays

BRAINS = ("niivue_fs_brainmask.mgz", "ch2bet.nii.gz")
ABDOMENS = ("ts_example_ct.nii.gz", "ts_example_ct_dicom_512.nii.gz")


@pytest.mark.parametrize(("dataset", "names"), [("brain", BRAINS), ("abdom", ABDOMENS)])
def test_real_scans_get_maps_of_their_own(request, tmp_path, mood_run, mood_real, dataset, names):
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in names:
        (folder / name).symlink_to(mood_real / dataset / name)
    trained = request.getfixturevalue(f"mood_{dataset}")
    run = mood_run(tmp_path / "run", "mine", str(folder), ("test",), (), {"grid": 32}).prepare()
    shards = run.predict(trained.models, "test")
    prepared = Arrays(shards[0].prepared)
    assert len(prepared.ok()) == len(names)
    for sample in prepared:
        inside = prepared[sample]["mask"].mean()
        assert 0.05 < inside < 0.7, (sample, inside)
    made = run.package("maps", {"mine": replace(trained.answers(shards, trained.models), dataset="mine")})
    rows = list(csv.DictReader((made / "scores.csv").read_text().splitlines()))
    assert len(rows) == len(names)
    for name in names:
        scan = nib.load(folder / name)
        image = nib.load(made / "maps" / f"{name.split('.')[0]}.nii.gz")
        assert image.shape == scan.shape
        assert np.allclose(image.affine, scan.affine, atol=1e-3)
