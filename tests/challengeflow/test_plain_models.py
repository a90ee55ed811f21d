"""Plain models predict what scikit-learn predicts, to the bit, in the same bytes each time.

Forged ones are one sentence.
"""

import json
import random
import subprocess
import sys
from functools import cache

import numpy as np
import pytest
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler
from threadpoolctl import threadpool_limits

from challengeflow import InputError
from challengeflow.plain_models import BoostedTrees, boosted_trees, load, load_trees, save, scaled_logistic


@pytest.fixture(autouse=True)
def one_thread():
    """Small models on many threads mostly wait."""
    with threadpool_limits(1):
        yield


@cache
def fitted(classes: int, seed: int = 0, width: int = 7) -> tuple[HistGradientBoostingClassifier, np.ndarray]:
    random = np.random.default_rng(seed)
    rows = random.normal(size=(300, width))
    rows[random.random(rows.shape) < 0.1] = np.nan
    labels = np.nansum(rows[:, :3], axis=1) // 1.3 % classes
    return HistGradientBoostingClassifier(max_iter=12, max_leaf_nodes=9).fit(rows, labels.astype(int)), rows


@pytest.fixture
def folder(tmp_path):
    """A saved model of three classes and a logistic one."""
    rows = np.random.default_rng(0).normal(size=(200, 7))
    scaler = StandardScaler().fit(rows)
    logistic = LogisticRegression().fit(scaler.transform(rows), rows[:, 0] > 0)
    save(tmp_path / "m", {"a": boosted_trees(fitted(3)[0]), "b": scaled_logistic(scaler, logistic, 2.0)}, prior=0.25)
    return tmp_path / "m"


@pytest.mark.parametrize("by", ["numpy", "compiled"])
@pytest.mark.parametrize("classes", [2, 3, 5])
def test_trees_predict_the_same_bits(tmp_path, monkeypatch, classes, by):
    if by == "numpy":
        monkeypatch.setattr(BoostedTrees, "_walked_compiled", BoostedTrees._walked)
    for seed in range(3):
        model, rows = fitted(classes, seed)
        save(tmp_path / str(seed), {"trees": boosted_trees(model)})
        plain = load(tmp_path / str(seed))[0]["trees"]
        more = np.concatenate([rows, np.random.default_rng(9).normal(size=(500, 7)) * 10, np.full((1, 7), np.nan)])
        assert plain.predict_proba(more).tobytes() == model.predict_proba(more).tobytes()
        assert plain.decision_function(more).tobytes() == model.decision_function(more).tobytes()
        assert plain.classes == tuple(model.classes_.tolist())


def test_a_few_rows_are_predicted_without_scikit_learn(folder):
    said = f"""
import pathlib, sys
import numpy as np
from challengeflow.plain_models import load
models, _ = load(pathlib.Path({str(folder)!r}))
for model in models.values():
    model.predict_proba(np.zeros((20, 7)))
print("sklearn" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", said], capture_output=True, text=True).stdout == "False\n"


def test_trees_fitted_on_some_features_take_rows_of_all():
    model, rows = fitted(3, width=4)
    columns = [8, 1, 5, 2]
    wide = np.random.default_rng(1).normal(size=(len(rows), 10)).astype(np.float32)
    plain = boosted_trees(model, columns, 10)
    assert plain.predict_proba(wide).tobytes() == model.predict_proba(wide[:, columns]).tobytes()
    with pytest.raises(InputError, match="fitted on 10 features"):
        plain.predict_proba(wide[:, :4])


def test_a_logistic_regression_predicts_the_same_bits(tmp_path):
    rows = np.random.default_rng(0).normal(size=(400, 23)) * 50
    rows[:, 3] = 1
    labels = rows[:, :4].sum(axis=1) > 0
    scaler = StandardScaler().fit(rows)
    logistic = LogisticRegression(C=0.1).fit(np.clip(scaler.transform(rows), -4, 4), labels)
    save(tmp_path, {"logistic": scaled_logistic(scaler, logistic, 4.0)})
    plain = load(tmp_path)[0]["logistic"]
    expected = logistic.predict_proba(np.clip(scaler.transform(rows), -4, 4))
    assert plain.predict_proba(rows).tobytes() == expected.tobytes()


def test_the_same_model_is_the_same_bytes_also_after_reading(tmp_path, folder):
    models, numbers = load(folder, "prior")
    assert numbers == {"prior": 0.25} and list(models) == ["a", "b"]
    save(tmp_path / "again", models, **numbers)
    for file in ("index.json", "data.bin"):
        assert (tmp_path / "again" / file).read_bytes() == (folder / file).read_bytes()


def test_a_missing_number_and_a_missing_folder_are_told(tmp_path, folder):
    with pytest.raises(InputError, match=r"damaged \(KeyError: 'share'\)"):
        load(folder, "share")
    with pytest.raises(InputError, match="holds no arrays"):
        load(tmp_path / "none")


def test_who_wants_trees_is_given_no_other_model(tmp_path, folder):
    with pytest.raises(InputError, match="it is not of trees"):
        load_trees(folder)
    save(tmp_path / "trees", {"trees": load(folder)[0]["a"]})
    assert load_trees(tmp_path / "trees")["trees"].classes == (0, 1, 2)


def test_categories_are_refused():
    rows = np.random.default_rng(0).integers(0, 4, (200, 2)).astype(float)
    model = HistGradientBoostingClassifier(categorical_features=[0], max_iter=2).fit(rows, rows[:, 0] % 2)
    with pytest.raises(ValueError, match="categories"):
        boosted_trees(model)


@pytest.mark.parametrize("seed", range(40))
def test_forged_models_end_in_one_sentence(folder, seed):
    """One number of a model is another one; what is still a model predicts without harm."""
    draw = random.Random(seed)
    index, data = folder / "index.json", folder / "data.bin"
    if seed % 2:
        entries = json.loads(index.read_text())
        _, place = _some_place(draw, entries)
        place[draw.randrange(3)] = draw.choice(
            [-1, 1 << 62, "O", "|V62", "<u8", [1 << 40], [0, -1], [[]], None, 1.5, {}]
        )
        index.write_text(json.dumps(entries))
    else:
        array, place = _some_place(draw, json.loads(index.read_text()))
        raw = bytearray(data.read_bytes())
        size = int(place[0][-1]) * (place[1][0] if array != "intercept" else 1)
        for _ in range(4):
            raw[place[2] + draw.randrange(size)] = draw.randrange(256)
        data.write_bytes(raw)
    try:
        models, _ = load(folder, "prior")
    except InputError:
        return
    rows = np.random.default_rng(seed).normal(size=(50, 7))
    for model in models.values():
        assert model.predict_proba(rows).shape in ((50, 2), (50, 3))


def _some_place(draw: random.Random, entries: list) -> tuple[str, list]:
    arrays = entries[draw.randrange(1, len(entries))]["arrays"]
    name = draw.choice(sorted(arrays))
    return name, arrays[name]


@pytest.mark.parametrize(
    "name, at, value",
    [
        ("feature", 0, 7),
        ("left", 0, 0),
        ("right", 0, 1 << 31),
        ("value", 0, np.nan),
        ("missing_left", 0, 2),
        ("roots", 1, 0),
    ],
)
def test_each_index_is_checked(folder, name, at, value):
    models, _ = load(folder)
    changed = np.array(models["a"].nodes[name])
    changed[at] = value
    models["a"].nodes[name] = changed
    save(folder.parent / "forged", models)
    with pytest.raises(InputError, match="damaged"):
        load(folder.parent / "forged")
