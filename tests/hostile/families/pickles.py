"""Pickles and .npy files that want to run something, or to take all memory or time."""

import io
import pickle
import pickletools
import random
import struct
import time
from pathlib import Path

import numpy as np

from challengeflow import InputError
from challengeflow.outside import npz
from challengeflow.outside.pickled import in_file
from challengeflow.pickles import load_npy

COUNT, SECONDS = 100, 30
CALLS = (
    "os.system",
    "posix.system",
    "subprocess.Popen",
    "builtins.exec",
    "builtins.eval",
    "builtins.__import__",
    "shutil.rmtree",
)
CALLS += (
    "numpy.load",
    "numpy.fromfile",
    "numpy.core.multiarray._reconstruct",
    "_codecs.decode",
    "operator.attrgetter",
    "nt.system",
)
CALLS += (
    "numpy._core.numeric._frombuffer",
    "numpy.ndarray",
    "builtins.getattr",
    "importlib.import_module",
    "pathlib.Path.touch",
)


def attack(number: int, draw: random.Random, folder: Path) -> str | None:
    ran = folder / "ran"
    path = folder / ("a.npz" if number % 10 == 9 else "a.npy")
    content = (_call(draw, ran), _header(draw), _structure(draw), _damaged(draw))[number % 4]
    if path.suffix == ".npz":
        with open(path, "wb") as file:
            np.savez_compressed(file, a=np.zeros(draw.choice([10, 3 * 10**7])), b=np.array([{}], object))
    else:
        path.write_bytes(content)
    started = time.monotonic()
    for read in (list if path.suffix == ".npz" else load_npy, in_file):
        try:
            read(npz.arrays(path) if read is list else path)
        except InputError as error:
            if "\n" in str(error):
                return f"more than one line: {error}"
    if ran.exists():
        return "it ran"
    return "it took more than 20 seconds" if time.monotonic() - started > 20 else None


def _npy(payload: bytes, header: str = "{'descr': '|O', 'fortran_order': False, 'shape': ()}") -> bytes:
    return b"\x93NUMPY\1\0" + struct.pack("<H", min(len(header), 65535)) + header.encode() + payload


def _call(draw: random.Random, ran: Path) -> bytes:
    module, _, name = draw.choice(CALLS).rpartition(".")
    text = f"open({str(ran)!r},'w')" if name in ("exec", "eval") else f"touch {ran}"
    if draw.random() < 0.5:
        call = f"c{module}\n{name}\n(V{text}\ntR.".encode()
    else:
        words = b"".join(b"\x8c" + bytes([len(word)]) + word.encode() for word in (module, name))
        call = b"\x80\x04" + words + b"\x93\x8c" + bytes([len(text[:255])]) + text.encode()[:255] + b"\x85R."
    return _npy(draw.choice([b"", b"(", b"]q\0", b"N0"]) + call)


def _header(draw: random.Random) -> bytes:
    deep = draw.choice([10, 100, 3000])
    descr = draw.choice(
        [
            "'<f8'",
            "'|O'",
            "'<f8,' * 9",
            "(" * deep + "'<f4'" + ",(2,))" * deep,
            "[('a', '|O')]",
            "'|V99999999'",
            "'<U99999999'",
            "9**9**9",
            "{}",
            "'S-1'",
        ]
    )
    shape = draw.choice(
        [
            "()",
            "(10**18,)",
            "(999999999, 999999999)",
            "(-1,)",
            "(" + "9" * 5000 + ",)",
            "(1,)" * 500,
            "3",
            "(True,)",
            "(2.5,)",
            "(" * deep,
        ]
    )
    return _npy(
        draw.randbytes(64),
        f"{{'descr': {descr}, 'fortran_order': {draw.choice(['False', 'True', '7'])}, 'shape': {shape}}}",
    )


def _structure(draw: random.Random) -> bytes:
    """What swells: lists of lists of the same, long numbers, huge sizes, numbers in texts."""
    layers = b"]q\0" + b"".join(
        b"]q%c" % n + b"(" + b"h%c" % (n - 1) * 9 + b"e" for n in range(1, draw.choice([5, 40]))
    )
    size = struct.pack("<Q", draw.choice([1 << 40, 1 << 62]))
    return _npy(
        draw.choice(
            [
                layers + b".",
                b"I" + b"9" * 100_000 + b"\n.",
                b"\x80\x04\x8e" + size + b"x.",
                b"\x8b\xff\xff\xff\x7fx.",
                b"(" * 10**6 + b".",
                b"]" * 10**5 + b"a" * 10**5 + b".",
            ]
        )
    )


def _damaged(draw: random.Random) -> bytes:
    box = np.empty((), object)
    box[()] = {
        "sequences": {"a": {"keypoints": np.zeros((3, 2, 2, 7)), "annotations": [1, 2, 3]}},
        "vocabulary": ["x", "y"],
    }
    content = bytearray(_npy(pickletools.optimize(pickle.dumps(box, draw.choice([2, 4])))))
    for _ in range(draw.choice([1, 3, 9])):
        content[draw.randrange(len(content))] = draw.choice([ord(c) for c in "cRiob.t(]}"] + [draw.randrange(256)])
    return bytes(io.BytesIO(content).getvalue())
