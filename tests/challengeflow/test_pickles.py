"""The restricted reader loads arrays of numbers and runs nothing else."""

import os
import pickle

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.pickles import load_npy

LAYOUT = {
    "vocabulary": ["attack", "other"],
    "sequences": {
        "a": {"keypoints": np.arange(28, dtype=np.float32).reshape(1, 2, 2, 7), "annotations": [0, np.int64(1)]}
    },
}


class Runs:
    """Its pickle creates a file when loaded by the usual reader."""

    def __init__(self, call, *arguments):
        self.call, self.arguments = call, arguments

    def __reduce__(self):
        return self.call, self.arguments


def save(path, value):
    np.save(path, value, allow_pickle=True)
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_a_dictionary_of_arrays_is_read_whatever_the_protocol(tmp_path, protocol):
    path = save(tmp_path / "train.npy", LAYOUT)
    with open(path, "rb") as file:
        header = file.read(128)
    path.write_bytes(header + pickle.dumps(np.array(LAYOUT, dtype=object), protocol=protocol))
    read = load_npy(path)
    assert read["vocabulary"] == LAYOUT["vocabulary"]
    np.testing.assert_array_equal(read["sequences"]["a"]["keypoints"], LAYOUT["sequences"]["a"]["keypoints"])
    assert [int(label) for label in read["sequences"]["a"]["annotations"]] == [0, 1]


def test_names_of_numpy_1_are_read(tmp_path):
    path = save(tmp_path / "old.npy", LAYOUT)
    old = path.read_bytes().replace(b"\x16numpy._core.multiarray", b"\x15numpy.core.multiarray")
    path.write_bytes(_with_frames_fixed(old))
    assert set(load_npy(path)) == {"vocabulary", "sequences"}


def _with_frames_fixed(data):
    """Protocol 4 frames state their length: write the pickle again without frames by dropping the frame opcodes."""
    start = data.index(b"\x80\x04")
    body = bytearray(data[start:])
    assert body[2:3] == b"\x95"
    del body[2:11]
    return data[:start] + bytes(body)


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int16, ">f4", "<U5", bool])
def test_arrays_in_both_orders_keep_their_values(tmp_path, dtype):
    array = np.arange(24).reshape(2, 3, 4).astype(dtype)
    value = {"c": array, "f": np.asfortranarray(array), "view": array.transpose(2, 0, 1), "none": array[:0]}
    read = load_npy(save(tmp_path / "x.npy", value))
    for name in value:
        np.testing.assert_array_equal(read[name], value[name])
    for plain in (array, np.asfortranarray(array), np.float32(3)):
        np.testing.assert_array_equal(load_npy(save(tmp_path / "plain.npy", plain)), plain)


@pytest.mark.parametrize(
    "call, arguments",
    [
        (os.system, ("touch {marker}",)),
        (os.mkdir, ("{marker}",)),
        (eval, ("__import__('os').mkdir('{marker}')",)),
        (getattr, (np, "load")),
        (np.load, ("{marker}",)),
        (np.save, ("{marker}", 1)),
        (np.fromfile, ("{marker}",)),
        (open, ("{marker}", "w")),
    ],
)
def test_a_malicious_pickle_is_refused_and_nothing_runs(tmp_path, call, arguments):
    marker = tmp_path / "ran"
    arguments = tuple(a.format(marker=marker) if isinstance(a, str) else a for a in arguments)
    path = tmp_path / "evil.npy"
    inner = (
        {"sequences": {"a": {"keypoints": Runs(call, *arguments)}}}
        if call is not getattr
        else Runs(os.mkdir, str(marker))
    )
    save(path, inner)
    with pytest.raises(InputError, match="nothing was run"):
        load_npy(path)
    assert not marker.exists() and not marker.with_suffix(".npy").exists()


def test_a_codec_other_than_latin1_is_refused(tmp_path):
    import _codecs

    with pytest.raises(InputError, match="codec"):
        load_npy(save(tmp_path / "codec.npy", {"x": Runs(_codecs.encode, "a", "rot13")}))


def test_an_array_that_asks_for_terabytes_is_refused(tmp_path):
    from numpy._core.multiarray import _reconstruct

    with pytest.raises(InputError, match=r"damaged|whole pickle"):
        load_npy(save(tmp_path / "bomb.npy", {"x": Runs(_reconstruct, np.ndarray, (1 << 42,), b"b")}))


@pytest.mark.parametrize("share", [0.02, 0.3, 0.6, 0.99])
@pytest.mark.parametrize("value", [LAYOUT, np.arange(100.0)], ids=["pickle", "numbers"])
def test_a_truncated_file_is_an_input_error(tmp_path, value, share):
    path = save(tmp_path / "cut.npy", value)
    path.write_bytes(path.read_bytes()[: int(path.stat().st_size * share)])
    with pytest.raises(InputError, match=r"cut\.npy"):
        load_npy(path)


def test_a_header_that_promises_too_much_is_an_input_error(tmp_path):
    path = save(tmp_path / "big.npy", np.arange(10.0))
    path.write_bytes(path.read_bytes().replace(b"(10,)", b"(9999999999999,)").replace(b" " * 12, b"", 1))
    with pytest.raises(InputError):
        load_npy(path)


def test_missing_and_foreign_files_are_input_errors(tmp_path):
    with pytest.raises(InputError, match="cannot be read"):
        load_npy(tmp_path / "none.npy")
    (tmp_path / "text.npy").write_text("hello, this is no array")
    with pytest.raises(InputError, match=r"not a \.npy file"):
        load_npy(tmp_path / "text.npy")


def test_an_oversized_file_is_refused_before_reading(tmp_path, monkeypatch):
    monkeypatch.setattr("challengeflow.pickles.LARGEST_FILE", 100)
    with pytest.raises(InputError, match="at most 100"):
        load_npy(save(tmp_path / "large.npy", LAYOUT))
