"""Writing the predictions of any model of this plugin: anomaly maps on the prepared grid, averaged over models."""

from collections.abc import Callable, Iterator, Sequence

import numpy as np

from challengeflow import PredictJob
from challengeflow.arrays import Arrays, write_scores
from challengeflow_mood.models import whole_scan

Apply = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""volume (g, g, g) float16 in [0, 1], mask (g, g, g) uint8 -> map (g, g, g) in [0, 1]."""


def write_maps(job: PredictJob, models: Sequence[Apply]) -> None:
    """The mean of the models' maps for each sample of the shard, float16 (1, g, g, g); zero for a scan that could not
    be read, and where nothing was measured. By a model to which a scan is foreign, its map is raised above those of
    healthy scans. models: of `job.models`, in their order.
    """
    prepared = Arrays(job.shard.prepared)
    whole = [whole_scan.read(folder) for folder in job.models]

    def maps() -> Iterator[tuple[str, np.ndarray]]:
        for sample in job.progress(job.shard.samples, "scan"):
            facts = prepared.attributes(sample.id)
            total = np.zeros(facts["shape"], np.float32)
            if facts["status"] == "ok":
                arrays = prepared[sample.id]
                for model, known in zip(models, whole, strict=True):
                    values = model(arrays["volume"], arrays["mask"])
                    is_foreign = known is not None and whole_scan.foreign(known, arrays, facts)
                    total[0] += (whole_scan.raised(values) if is_foreign else values) / len(models)
                total[0] *= arrays["scanned"]
            yield sample.id, total.astype(np.float16)

    write_scores(job.output, maps())
