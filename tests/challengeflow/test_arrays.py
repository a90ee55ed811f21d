"""Arrays come back as they were, without pickle, byte for byte the same each time."""

import tracemalloc

import numpy as np
import pytest

from challengeflow import InputError
from challengeflow.arrays import Arrays, ManyArrays, Predictions, Writer, write_scores


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


def test_many_arrays_are_those_of_their_shards_in_a_tenth_of_the_memory(tmp_path):
    many, expected, size = ManyArrays(), [], 200
    facts = {"status": "ok", "shape": [1], "region": dict.fromkeys("abcdef", 0.5), "box": [1, 2, 3, 4]}
    tracemalloc.start()
    for shard in ("one", "two"):
        with Writer(tmp_path / shard) as out:
            for number in range(size):
                cube = np.full((1 + number % 3, 2), number, np.uint8)
                out.add(f"{number:03}", facts, cube=cube, light=np.float32(number))
        read = Arrays(tmp_path / shard)
        expected += [(sample["cube"].copy(), float(sample["light"])) for sample in read.values()]
        before = tracemalloc.get_traced_memory()[0]
        many.add(read, list(read))
        grown = tracemalloc.get_traced_memory()[0] - before
    tracemalloc.stop()
    assert len(many) == 2 * size and grown < 200 * size
    for number, (cube, light) in enumerate(expected):
        assert np.array_equal(many[number]["cube"], cube) and many[number]["light"] == light
    with pytest.raises(IndexError):
        many[2 * size]


def test_many_arrays_refuse_other_kinds_and_damage(tmp_path):
    with Writer(tmp_path / "a") as out:
        out.add("x", cube=np.ones(3, np.uint8))
        out.add("y", cube=np.ones((3, 1), np.uint8))
    read, many = Arrays(tmp_path / "a"), ManyArrays()
    many.add(read, ["x"])
    with pytest.raises(ValueError, match="arrays of y"):
        many.add(read, ["y"])
    (tmp_path / "a" / "data.bin").write_bytes(b"\1")
    with pytest.raises(InputError, match="cut short"):
        ManyArrays().add(Arrays(tmp_path / "a"), ["x"])
