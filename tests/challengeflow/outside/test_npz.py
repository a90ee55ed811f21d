"""Arrays of an .npz from outside, judged before they are unpacked."""

import zipfile

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.outside import npz


def test_arrays_come_as_numpy_gives_them(tmp_path):
    own = {
        "a": np.random.default_rng(0).normal(size=(5, 3)),
        "b": np.asfortranarray(np.ones((2, 3), np.float32)),
        "c": np.array("x"),
    }
    np.savez_compressed(tmp_path / "a.npz", **own)
    found = dict(npz.arrays(tmp_path / "a.npz"))
    assert {name: (array.shape, array.dtype) for name, array in own.items()} == npz.headers(tmp_path / "a.npz")
    assert all(np.array_equal(found[name], array) and found[name].dtype == array.dtype for name, array in own.items())


def test_bombs_and_objects_are_told(tmp_path):
    np.savez_compressed(tmp_path / "a.npz", a=np.zeros(100 << 20, np.uint8))
    with pytest.raises(InputError, match="would unpack to more than"):
        npz.headers(tmp_path / "a.npz")
    np.savez(tmp_path / "b.npz", a=np.array([{}], object))
    with pytest.raises(InputError, match="Python objects"):
        list(npz.arrays(tmp_path / "b.npz"))
    with zipfile.ZipFile(tmp_path / "c.npz", "w") as file:
        file.writestr(
            "a.npy", b"\x93NUMPY\1\0\x76\0{'descr': '<f8', 'fortran_order': False, 'shape': (1000000000,)}".ljust(128)
        )
    with pytest.raises(InputError, match="cut off"):
        list(npz.arrays(tmp_path / "c.npz"))
