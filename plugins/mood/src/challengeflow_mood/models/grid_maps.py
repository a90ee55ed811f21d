"""Writing the predictions of any model of this plugin: anomaly maps on the prepared grid, averaged over models."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from challengeflow import PredictJob
from challengeflow.arrays import Arrays, write_scores

Apply = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""volume (g, g, g) float16 in [0, 1], mask (g, g, g) uint8 -> map (g, g, g) in [0, 1]."""


def write_maps(job: PredictJob, models: Sequence[Apply]) -> None:
    """The mean of the models' maps for each sample of the shard, float16 (1, g, g, g); zero for a scan that could not
    be read, and where nothing was measured.
    """
    prepared = Arrays(job.shard.prepared)

    def maps() -> Iterator[tuple[str, np.ndarray]]:
        for sample in job.progress(job.shard.samples, "scan"):
            facts = prepared.attributes(sample.id)
            total = np.zeros(facts["shape"], np.float32)
            if facts["status"] == "ok":
                arrays = prepared[sample.id]
                for model in models:
                    total[0] += model(arrays["volume"], arrays["mask"]) / len(models)
                total[0] *= arrays["scanned"]
            yield sample.id, total.astype(np.float16)

    write_scores(job.output, maps())
