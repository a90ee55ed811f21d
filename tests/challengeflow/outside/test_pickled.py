"""Pickles are found under any name and in any packing, and what is no pickle is not taken for one."""

import bz2
import gzip
import io
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib

import joblib
import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression

from challengeflow.arrays import write_scores
from challengeflow.outside.pickled import in_file, pickled

MODEL = LogisticRegression().fit([[0.0], [1.0]], [0, 1])


class Runs:
    def __reduce__(self):
        return os.system, ("true",)


def zipped(content: bytes) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("deep/data.pkl", content)
    return made.getvalue()


def tarred(content: bytes) -> bytes:
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as archive:
        info = tarfile.TarInfo("x")
        info.size = len(content)
        archive.addfile(info, io.BytesIO(content))
    return made.getvalue()


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("value", [MODEL, Runs(), {"a": MODEL}])
@pytest.mark.parametrize(
    "packed",
    [bytes, gzip.compress, bz2.compress, lzma.compress, zlib.compress, zipped, tarred, lambda c: b"head\n\0\1" + c],
)
def test_every_protocol_and_packing_is_found(tmp_path, protocol, value, packed):
    (tmp_path / "weights.json").write_bytes(packed(pickle.dumps(value, protocol)))
    assert in_file(tmp_path / "weights.json")


@pytest.mark.parametrize("compress", [0, 3, ("gzip", 1), ("bz2", 1), ("xz", 1), ("lzma", 1)])
def test_joblib_is_found(tmp_path, compress):
    joblib.dump({"model": MODEL, "rows": np.arange(5000)}, tmp_path / "table.csv", compress=compress)
    assert in_file(tmp_path / "table.csv")


def test_torch_and_numpy_are_found(tmp_path):
    import torch

    torch.save({"w": torch.zeros(3)}, tmp_path / "a")
    torch.save({"w": torch.zeros(3)}, tmp_path / "b", _use_new_zipfile_serialization=False)
    np.save(tmp_path / "c.npy", np.array([{}], object))
    np.savez(tmp_path / "d.npz", fine=np.zeros(3), bad=np.array([{}], object))
    (tmp_path / "deeper").mkdir()
    (tmp_path / "deeper" / "e").write_bytes(b"cos\nsystem\n(S'true'\ntR and no end")
    found = [line.partition(" ")[0] for line in pickled(tmp_path)]
    assert found == ["a", "b", "c.npy", "d.npz", "deeper/e"]


def test_what_is_no_pickle_is_not_found(tmp_path):
    from safetensors.numpy import save_file

    random = np.random.default_rng(0)
    write_scores(tmp_path / "shard", [("x", random.random(2_000_000).astype(np.float32))])
    save_file({"w": random.normal(size=1_000_000).astype(np.float16)}, tmp_path / "w.safetensors")
    np.save(tmp_path / "a.npy", random.integers(0, 256, 4_000_000, np.uint8))
    np.savez_compressed(tmp_path / "b.npz", a=random.random(100_000))
    (tmp_path / "words").write_text("cat\ndog\nbird\nrat\n" * 1000)
    (tmp_path / "source.py").write_text("import os\nclass A:\n    c = 1\n" * 100)
    # In large arrays any few bytes come up: mood's demo had these in a basis, and training it failed.
    noise = (b"\x80\x03\x80c\x80\xc3\x82\xa8\x89b", b"\x80\x03\x82\x01\x89b", b"\x80\x03\x89\x88\x93\x89b")
    (tmp_path / "basis.npy").write_bytes(b"head" + b"\xff".join(noise) + b"\xff")
    (tmp_path / "empty").touch()
    (tmp_path / "not.zip").write_bytes(b"PK\3\4" + random.bytes(1000))
    (tmp_path / "not.gz").write_bytes(b"\x1f\x8b" + random.bytes(1000))
    assert list(pickled(tmp_path)) == []


def test_a_member_that_cannot_be_opened_hides_none_behind_it(tmp_path):
    """An encrypted member of a zip, and a link of a tar that leads nowhere, each before a pickle."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("first", b"sealed")
        archive.writestr("second", pickle.dumps(Runs()))
    sealed = bytearray(made.getvalue())
    sealed[6] |= 1  # the first member says that it is encrypted, in its own header and in the list of members
    sealed[sealed.index(b"PK\x01\x02") + 8] |= 1
    (tmp_path / "sealed.bin").write_bytes(sealed)
    assert "second" in (in_file(tmp_path / "sealed.bin") or "")
    made = io.BytesIO()
    with tarfile.open(fileobj=made, mode="w") as files:
        link = tarfile.TarInfo("first")
        link.type, link.linkname = tarfile.LNKTYPE, "nowhere"
        files.addfile(link)
        content = gzip.compress(pickle.dumps(Runs()))  # as it is, it is found without looking into the tar
        entry = tarfile.TarInfo("second")
        entry.size = len(content)
        files.addfile(entry, io.BytesIO(content))
    (tmp_path / "linked.bin").write_bytes(made.getvalue())
    assert "second" in (in_file(tmp_path / "linked.bin") or "")
