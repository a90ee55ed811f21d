"""Headers say what a file takes, and what they may not say is refused."""

import io

import h5py
import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.outside.sizes import check_fits, check_h5, npy_header
from challengeflow.pickles import load_npy


@pytest.mark.parametrize(
    "array", [np.zeros((3, 4), np.float32), np.asfortranarray(np.ones((2, 2))), np.array("text"), np.array(3)]
)
def test_headers_of_sound_arrays(array):
    file = io.BytesIO()
    np.save(file, array)
    file.seek(0)
    shape, fortran, dtype = npy_header(file)
    assert shape == array.shape and dtype == array.dtype
    assert fortran == (array.flags.f_contiguous and not array.flags.c_contiguous)


def npy(header: str) -> bytes:
    return b"\x93NUMPY\1\0" + len(header).to_bytes(2, "little") + header.encode()


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\x93NUMPY",
        b"\x93NUMPY\1\0",
        b"\x93NUMPY\2\0\xff\xff\xff\xff",
        b"\x93NUMPY\1\0\xff\xffab",
        npy("(" * 500 + ")" * 500),
        npy("{'descr': " + "(" * 90 + "'<f4'" + ", (2,))" * 90 + ", 'fortran_order': False, 'shape': (1,)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (-1,)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (True,)}"),
        npy("{'descr': '<f4', 'fortran_order': 3, 'shape': (1,)}"),
        npy("{'descr': '" + "<f4," * 3000 + "', 'fortran_order': False, 'shape': (1,)}"),
        npy("{'descr': '|V8', 'fortran_order': False, 'shape': (1,)}"),
        npy("{'descr': '(9,9)f4', 'fortran_order': False, 'shape': (1,)}"),
        npy("{'descr': '<f4', 'fortran_order': False, 'shape': (" + "9" * 6000 + ",)}"),
        npy("{'descr': ["),
        npy("9**9**9"),
    ],
)
def test_headers_that_are_none(tmp_path, content):
    with pytest.raises(ValueError):
        npy_header(io.BytesIO(content))
    (tmp_path / "a.npy").write_bytes(content)
    with pytest.raises(InputError, match=r"a\.npy is not a \.npy file"):
        load_npy(tmp_path / "a.npy")


def test_what_does_not_fit_is_told():
    check_fits(900 << 20, 1000, "a scan")
    with pytest.raises(InputError, match=r"a scan: reading it takes about 1,153 MB, and this stage may take 1,049"):
        check_fits(1100 << 20, 1000, "a scan")
    with pytest.raises(InputError):
        check_fits(1 << 60, None, "a scan")


def test_h5_files_hold_what_they_say(tmp_path):
    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["x"] = np.zeros(100)
        file["g/y"] = np.zeros(100)
        file["g/self"] = file["g"]
        file["g/soft"] = h5py.SoftLink("/x")
    with h5py.File(tmp_path / "a.h5") as file:
        check_h5(file, 1)


@pytest.mark.parametrize("kind", ["link", "storage", "virtual", "large", "chunk"])
def test_h5_files_that_lead_elsewhere_or_swell(tmp_path, kind):
    (tmp_path / "secret").write_bytes(bytes(800))
    with h5py.File(tmp_path / "other.h5", "w") as file:
        file["x"] = np.zeros(100)
    with h5py.File(tmp_path / "a.h5", "w") as file:
        group = file.create_group("g")
        if kind == "link":
            group["x"] = h5py.ExternalLink("other.h5", "/x")
        elif kind == "storage":
            group.create_dataset("x", (100,), "f8", external=[(str(tmp_path / "secret"), 0, 800)])
        elif kind == "virtual":
            layout = h5py.VirtualLayout((100,), "f8")
            layout[:] = h5py.VirtualSource(str(tmp_path / "other.h5"), "x", (100,))
            group.create_virtual_dataset("x", layout)
        elif kind == "large":
            group.create_dataset("x", (30_000_000, 2, 7), "f8", chunks=True, compression="gzip")
        else:
            group.create_dataset("x", (10,), "f8", chunks=(300_000_000,), maxshape=(None,))
    with h5py.File(tmp_path / "a.h5") as file, pytest.raises(InputError, match="g/x"):
        check_h5(file, 1000)
