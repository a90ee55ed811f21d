"""Malicious and malformed files: each kind is refused in a sentence that says what is wrong, and nothing of it runs."""

import json
import os
import pickle
import struct
import zipfile

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow_mabe_task1.data import layouts

HEADER = {"descr": "|O", "fortran_order": False, "shape": ()}


class Calls:
    """Pickles as a call of `function`."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


def npy(payload, header=HEADER, version=b"\x01\x00"):
    """The bytes of a .npy file with `payload` after its header."""
    text = header if isinstance(header, bytes) else repr(header).encode()
    return b"\x93NUMPY" + version + struct.pack("<H", len(text) + 1) + text + b"\n" + payload


def pickled(value):
    """As numpy.save keeps an object: in an array without axes."""
    box = np.empty((), object)
    box[()] = value
    return npy(pickle.dumps(box, protocol=4))


def track(frames=4):
    return np.zeros((frames, 2, 2, 7))


def persistent():
    return npy(b"\x80\x04\x8c\x04gone\x94Q.")  # BINPERSID


def foreign_codec():
    return npy(b"\x80\x04c_codecs\nencode\n(X\x04\x00\x00\x00abcdX\x05\x00\x00\x00rot13tR.")


def huge_array():
    return npy(b"\x80\x04cnumpy._core.multiarray\n_reconstruct\n(cnumpy\nndarray\n(J\xff\xff\xff\x7ftC\x01btR.")


def huge_bytes():
    return npy(b"\x80\x04\x8e" + struct.pack("<Q", 1 << 60) + b"few.")


def deep_nesting():
    return npy(b"\x80\x04" + b"]" * 5 + b"a" * 40 + b".")


def records_with_objects():
    return npy(b"", {"descr": [("a", "|O")], "fortran_order": False, "shape": (1,)})


MALICIOUS = {
    "runs a command": (lambda: pickled({"a": Calls(os.system, "echo ran > ran")}), "asks to run posix.system"),
    "evaluates text": (lambda: pickled(Calls(eval, "open('ran', 'w')")), "asks to run builtins.eval"),
    "reaches through getattr": (lambda: pickled(Calls(getattr, "text", "upper")), "asks to run builtins.getattr"),
    "refers to something outside": (persistent, "a persistent identifier"),
    "decodes with a codec": (foreign_codec, "the codec 'rot13'"),
    "asks for a huge array": (huge_array, "in a way numpy never writes"),
    "asks for a huge text": (huge_bytes, "asks for more memory|may be cut off|damaged pickle"),
    "takes from an empty stack": (deep_nesting, "damaged pickle|not a whole pickle"),
    "hides objects in records": (records_with_objects, "records with Python objects"),
    "has code for a header": (lambda: npy(b"", b"__import__('os').mkdir('ran')"), "is not a .npy file"),
}

MALFORMED = {
    "is a web page": (lambda: b"<html>Sign in</html>", "is not a .npy file"),
    "is empty": (lambda: b"", "is not a .npy file"),
    "is cut off in its pickle": (
        lambda: pickled({"sequences": {"a": {"keypoints": track()}}})[:-40],
        "cut off|damaged",
    ),
    "is cut off in its numbers": (
        lambda: npy(bytes(64), {"descr": "<f8", "fortran_order": False, "shape": (9, 2, 2, 7)}),
        "is cut off: 2016 bytes of numbers expected, 64 found",
    ),
    "holds a list": (lambda: pickled([1, 2]), "expected a dictionary of sequences"),
    "has another layout": (lambda: pickled({"a": {"b": {"points": 1}}}), "is in no known layout"),
    "numbers its behaviours with a gap": (
        lambda: pickled(
            {"annotator-id_0": {"a": {"keypoints": track(), "metadata": {"vocab": {"attack": 0, "other": 2}}}}}
        ),
        "expected 0, 1, 2",
    ),
    "names a behaviour twice": (
        lambda: pickled({"vocabulary": ["attack", "attack"], "sequences": {"a": {"keypoints": track()}}}),
        "two or more different behaviours",
    ),
    "has several behaviours of task 3": (
        lambda: pickled({name: {"sequences": {"a": {"keypoints": track()}}} for name in ("approach", "rear")}),
        "sequences for the behaviours approach, rear; choose one",
    ),
}


@pytest.mark.parametrize("kind", [*MALICIOUS, *MALFORMED])
def test_a_bad_npy_is_refused_and_nothing_runs(tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    make, message = {**MALICIOUS, **MALFORMED}[kind]
    path = tmp_path / "train.npy"
    path.write_bytes(make())
    with pytest.raises(InputError, match=message) as refused:
        list(layouts.read(path))
    assert os.listdir(tmp_path) == ["train.npy"]
    text = str(refused.value)
    assert str(path) in text and "\n" not in text and "Traceback" not in text


def test_there_are_ten_kinds_of_malicious_file():
    assert len(MALICIOUS) >= 10


def test_a_file_too_large_to_be_read_as_a_whole_is_refused(tmp_path):
    with open(tmp_path / "train.npy", "wb") as file:
        file.truncate(9 << 30)  # sparse: takes no room on disk
    with pytest.raises(InputError, match="at most 8589934592 are read"):
        list(layouts.read(tmp_path / "train.npy"))


def test_an_npz_with_pickles_or_of_something_else_is_refused(tmp_path):
    np.savez(tmp_path / "clips.npz", a=np.array([Calls(os.mkdir, str(tmp_path / "ran"))], object))
    (tmp_path / "page.npz").write_text("<html>")
    with zipfile.ZipFile(tmp_path / "zip.npz", "w") as file:
        file.writestr("a.npy", b"nothing")
    for name in ("clips.npz", "page.npz", "zip.npz"):
        with pytest.raises(InputError, match=r"holds Python objects|cannot be read as an"):
            list(layouts.read(tmp_path / name))
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    "text, message",
    [
        ('{"annotator-id_0": {"a": {"keypoints": [[', "cut off or not in the layout"),
        ('{"annotator-id_0": {"a": {"keypoints": nan}}}', "damaged at sequence a"),
        ('{"annotator-id_0": {"a": {"poses": []}}}', "has no 'keypoints'"),
        ("[1, 2, 3]", "cut off or not in the layout"),
        (json.dumps({"rear": {"a": {"keypoints": []}}, "groom": {"b": {"keypoints": []}}}), "rear, groom; choose one"),
    ],
)
def test_a_bad_json_is_refused(tmp_path, text, message):
    (tmp_path / "train.json").write_text(text)
    with pytest.raises(InputError, match=message):
        list(layouts.read(tmp_path / "train.json"))
