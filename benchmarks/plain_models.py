"""Loading a boosted model in its plain form against loading it as joblib does: `python benchmarks/plain_models.py`.

Prints seconds (best of 20), bytes on disk, and whether both predict the same bits.
"""

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import joblib
import numpy as np
from sklearn.ensemble import HistGradientBoostingClassifier

from challengeflow.plain_models import boosted_trees, load, save


def best(call: Callable[[], object], times: int = 20) -> float:
    """Seconds of the fastest of some calls."""
    taken = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        taken.append(time.perf_counter() - start)
    return min(taken)


def main() -> None:
    random = np.random.default_rng(0)
    rows = random.normal(size=(4000, 60))
    for classes, rounds in ((2, 40), (2, 300), (4, 100)):
        labels = np.abs(rows[:, :4]).sum(axis=1).astype(int) % classes
        fitted = HistGradientBoostingClassifier(max_iter=rounds, max_leaf_nodes=31).fit(rows, labels)
        with tempfile.TemporaryDirectory() as made:
            plain, packed = Path(made) / "plain", Path(made) / "trees.joblib"
            save(plain, {"trees": boosted_trees(fitted)})
            joblib.dump(fitted, packed, compress=3)
            size = sum(path.stat().st_size for path in plain.iterdir())
            read = load(plain)[0]["trees"]
            print(
                f"{classes} classes, {rounds} rounds: load {1e3 * best(lambda p=plain: load(p)):.2f} ms, "
                f"joblib {1e3 * best(lambda p=packed: joblib.load(p)):.2f} ms; "
                f"first prediction {1e3 * best(lambda p=plain: load(p)[0]['trees'].predict_proba(rows[:100])):.2f} ms, "
                f"joblib {1e3 * best(lambda p=packed: joblib.load(p).predict_proba(rows[:100])):.2f} ms; "
                f"predict {1e3 * best(lambda m=read: m.predict_proba(rows)):.1f} ms, "
                f"scikit-learn {1e3 * best(lambda m=fitted: m.predict_proba(rows)):.1f} ms; "
                f"{size} bytes, joblib {packed.stat().st_size}; "
                f"same bits: {read.predict_proba(rows).tobytes() == fitted.predict_proba(rows).tobytes()}"
            )


if __name__ == "__main__":
    main()
