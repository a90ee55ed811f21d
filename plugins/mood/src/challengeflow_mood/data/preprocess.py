"""The preprocess stage: scans onto the prepared grid, anomalies into the proxy's scans, gold on the scans' own grid."""

import csv
import zlib
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
from nibabel.filebasedimages import ImageFileError

from challengeflow import InputError, PreprocessJob, Sample
from challengeflow.arrays import Writer
from challengeflow_mood.anomalies import PROXY
from challengeflow_mood.anomalies.insertion import Body, insert
from challengeflow_mood.data import alignment
from challengeflow_mood.data.images import load_image
from challengeflow_mood.data.volumes import read_scan


def preprocess(job: PreprocessJob) -> None:
    """Write `volume` (float16) and `mask` (uint8), both (grid, grid, grid), of each scan; and the gold where known.

    Attributes: `status`, `shape` [1, grid, grid, grid] (the leading 1 keeps a prediction on the grid apart from one on
    the scan's own), `mapping` (see `alignment.align`) and the scan's geometry (see `volumes.read_scan`).
    Gold: `scores`, uint8, in the scan's own shape, with the attributes `sample` (0 or 1), `kind` and, of a made
    anomaly, the `recipe` that makes it again.
    """
    with ExitStack() as stack:
        prepared = stack.enter_context(Writer(job.prepared))
        gold = stack.enter_context(Writer(job.gold)) if job.labelled else None
        for sample in job.progress(job.samples, "scan"):
            volume, facts, truth = _read(job, sample)
            arrays: dict[str, np.ndarray] = {}
            if volume is not None:
                facts, arrays = prepare(volume, facts, job.parameters["grid"])
            prepared.add(sample.id, facts, **arrays)
            if gold is not None and truth is not None:
                mask, kind, more = truth
                gold.add(sample.id, {"sample": int(kind != "healthy"), "kind": kind} | more, scores=mask)


def prepare(volume: np.ndarray, facts: dict[str, Any], grid: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Attributes and arrays of one scan that was read: what the model needs and what leads back."""
    mapping = alignment.align(volume, np.asarray(facts["affine"]), grid)
    small = alignment.to_grid(volume, mapping)
    body = alignment.body_mask(small)
    return {**facts, "mapping": mapping}, {"volume": small.astype(np.float16), "mask": body.astype(np.uint8)}


def proxy_kinds(plan: Path) -> dict[str, str]:
    """Proxy sample -> the kind of anomaly it gets; those that stay healthy are left out. `plan`: the index's gold."""
    with open(plan, newline="") as file:
        return {row["sample"]: PROXY[int(row["number"]) % len(PROXY)] for row in csv.DictReader(file)}


def _read(job: PreprocessJob, sample: Sample) -> tuple[np.ndarray | None, dict[str, Any], tuple | None]:
    """The scan (None when it cannot be used), its facts and its truth: mask, kind and more about it; None when
    unknown.
    """
    shape = [1] + [job.parameters["grid"]] * 3
    facts: dict[str, Any] = {"status": "ok", "shape": shape}
    volume, truth = None, None
    try:
        volume, geometry = read_scan(job.raw / sample.columns["file"])
        facts |= geometry
        if job.split == "proxy":
            kind = proxy_kinds(job.index_gold / "proxy.csv").get(sample.id, "")
            volume, truth = _with_anomaly(volume, kind, sample.id, job.seed)
    except InputError as reason:
        volume, facts["status"] = None, str(reason)
    except Exception as error:  # a scan that breaks its reader in a new way must not stop the others
        volume, facts["status"] = None, f"cannot be read: {type(error).__name__}: {error}"
    if job.labelled and job.split == "test":
        truth = _toy_label(job.index_gold / "toy_label", sample.columns["file"], facts.get("original"))
    return volume, facts, truth


def _with_anomaly(volume: np.ndarray, kind: str, sample: str, seed: int) -> tuple[np.ndarray, tuple]:
    if not kind:
        return volume, (np.zeros(volume.shape, np.uint8), "healthy", {})
    body = Body(alignment.foreground(volume))
    random = np.random.default_rng([seed, zlib.crc32(sample.encode())])
    volume, mask, recipe = insert(volume, body, kind, random)
    return volume, (mask, kind, {"recipe": recipe})


def _toy_label(folder: Path, file: str, shape: list[int] | None) -> tuple[np.ndarray, str, dict] | None:
    """Mask and kind of a toy case. As in the organisers' scorer, a case whose label cannot be read is not scored."""
    try:
        abnormal = int((folder / "sample" / f"{file}.txt").read_text().splitlines()[0])
        pixel = folder / "pixel" / file
        if abnormal == 0 and not pixel.exists() and shape is not None:
            return np.zeros(shape, np.uint8), "healthy", {}
        mask = np.rint(np.asarray(load_image(pixel).dataobj, dtype=np.float32)).clip(0, 1) == 1
    except (OSError, ValueError, IndexError, ImageFileError):
        return None
    return mask.astype(np.uint8), "toy" if abnormal else "healthy", {}
