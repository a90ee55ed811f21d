"""Arrays come back as they were, without pickle, byte for byte the same each time."""

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, Predictions, Writer, write_scores


def test_round_trip_keeps_order_shape_dtype_and_attributes(tmp_path):
    volume = np.arange(24, dtype=np.float16).reshape(2, 3, 4)
    with Writer(tmp_path / "a") as out:
        out.add("b", {"status": "ok"}, volume=volume[:, ::-1], scalar=np.float32(0.25))
        out.add("a", {"status": "bad"})
    read = Arrays(tmp_path / "a")
    assert list(read) == ["b", "a"] and read.ok() == ["b"]
    assert np.array_equal(read["b"]["volume"], volume[:, ::-1]) and read["b"]["volume"].dtype == np.float16
    assert read["b"]["scalar"].shape == () and read["b"]["scalar"] == 0.25
    assert read["a"] == {}


def test_the_same_content_is_the_same_bytes(tmp_path):
    for name in "ab":
        write_scores(tmp_path / name, [("x", np.ones(3, np.float32)), ("y", np.float32(0))])
    for file in ("data.bin", "index.json"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert Predictions(tmp_path / "a")["x"].tolist() == [1, 1, 1]


def test_objects_are_refused(tmp_path):
    with pytest.raises(TypeError, match="Python objects"), Writer(tmp_path / "a") as out:
        out.add("x", values=np.array([{}]))


def test_an_empty_shard_is_legal_and_a_missing_one_an_error(tmp_path):
    write_scores(tmp_path / "a", [])
    assert len(Predictions(tmp_path / "a")) == 0
    with pytest.raises(InputError, match="holds no arrays"):
        Predictions(tmp_path / "none")


def test_what_a_stage_is_not_given_is_told():
    with pytest.raises(ValueError, match="the stage is not given the gold or predictions that it reads"):
        Predictions(None)
