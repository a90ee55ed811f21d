"""The preprocess stage: scans onto the prepared grid, anomalies into the proxy's scans, gold on the scans' own grid."""

import csv
import shutil
import zlib
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from challengeflow import InputError, PreprocessJob, Sample
from challengeflow.arrays import Arrays, Writer
from challengeflow.outside.door import Unreadable, read_each, reason_of
from challengeflow_mood.anomalies import PROXY
from challengeflow_mood.anomalies.insertion import Body, insert
from challengeflow_mood.data import alignment
from challengeflow_mood.data.images import load_map
from challengeflow_mood.data.intensity import count_values
from challengeflow_mood.data.official_layout import REASON
from challengeflow_mood.data.volumes import Scan, read_scan

SECONDS = 900
"""To read and prepare one scan; the largest take half a minute."""

PARTLY, MOSTLY = 0.25, 0.75  # shares of a grid voxel that was measured: from where on it counts, and counts in full
Truth = tuple[np.ndarray, str, dict[str, Any]]
"""Mask (uint8, of the scan's own shape), kind, and more about the anomaly."""


def preprocess(job: PreprocessJob) -> None:
    """Write `volume` (float16), `mask` (uint8) and `scanned` (float16), all (grid, grid, grid), of each scan; and the
    gold where known. `mask` is the body, `scanned` how far each voxel was measured, 0 to 1.

    Attributes: `status`, `shape` [1, grid, grid, grid] (the leading 1 keeps a prediction on the grid apart from one on
    the scan's own), `mapping` (see `alignment.align`) and the scan's geometry (see `volumes.read_scan`).
    Gold: `scores`, uint8, in the scan's own shape, with the attributes `sample` (0 or 1), `kind` and, of a made
    anomaly, the `recipe` that makes it again. Scans are read in a process apart, which a damaged one may end.
    """
    kept = [job.work / f"scan-{place}" for place in range(len(job.samples))]
    items = [(replace(job, samples=(sample,)), target) for sample, target in zip(job.samples, kept, strict=True)]
    done = read_each(keep, items, seconds=SECONDS, memory_mb=job.memory_mb)
    results = dict(job.progress(done, "scan", len(items)))
    with ExitStack() as stack:
        prepared = stack.enter_context(Writer(job.prepared))
        gold = stack.enter_context(Writer(job.gold)) if job.labelled else None
        for place, sample in enumerate(job.samples):
            if isinstance(result := results[place], Unreadable):
                prepared.add(sample.id, {"status": result.reason, "shape": [1] + [job.parameters["grid"]] * 3})
            else:
                _add(prepared, Arrays(kept[place] / "prepared"))
                if gold is not None:
                    _add(gold, Arrays(kept[place] / "gold"))
            shutil.rmtree(kept[place], ignore_errors=True)


def _add(out: Writer, kept: Arrays) -> None:
    for sample in kept:
        out.add(sample, kept.attributes(sample), **kept[sample])


def keep(job: PreprocessJob, target: Path) -> None:
    """Prepare the one scan of a job into the folders `prepared` and `gold` of `target`."""
    (sample,) = job.samples
    scan, facts, truth = _read(job, sample)
    arrays: dict[str, np.ndarray] = {}
    if scan is not None:
        facts, arrays = prepare(scan, job.parameters["grid"])
    with Writer(target / "prepared") as prepared, Writer(target / "gold") as gold:
        prepared.add(sample.id, facts, **arrays)
        if job.labelled and truth is not None:
            mask, kind, more = truth
            gold.add(sample.id, {"sample": int(kind != "healthy"), "kind": kind} | more, scores=mask)


def prepare(scan: Scan, grid: int) -> tuple[dict[str, Any], dict[str, np.ndarray]]:
    """Attributes and arrays of one scan that was read: what the model needs and what leads back.

    Attributes: `status`, `shape`, the scan's geometry, `mapping` (see `alignment.align`), `scanned`, how many voxels
    of the grid were measured, and `values` (see `intensity.count_values`).
    """
    mapping = alignment.align(scan.volume, np.asarray(scan.geometry["affine"]), grid)
    share = alignment.measured(scan.padding, mapping)
    small = np.where(share >= PARTLY, alignment.to_grid(scan.volume, mapping) / np.maximum(share, PARTLY), 0)
    scanned = np.clip((share - PARTLY) / (MOSTLY - PARTLY), 0, 1)  # no step, so that a shift by a hair changes a hair
    facts = {"status": "ok", "shape": [1, grid, grid, grid], **scan.geometry}
    facts |= {"mapping": mapping, "scanned": round(float(scanned.sum())), "values": count_values(scan.volume)}
    mask = alignment.body_mask(small)
    arrays: dict[str, np.ndarray] = {
        "volume": small.astype(np.float16),
        "mask": mask.astype(np.uint8),
        "scanned": scanned.astype(np.float16),
    }
    return facts, arrays


def proxy_kinds(plan: Path) -> dict[str, str]:
    """Proxy sample -> the kind of anomaly it gets; those that stay healthy are left out. `plan`: the index's gold."""
    with open(plan, newline="") as file:
        return {row["sample"]: PROXY[int(row["number"]) % len(PROXY)] for row in csv.DictReader(file)}


def _read(job: PreprocessJob, sample: Sample) -> tuple[Scan | None, dict[str, Any], Truth | None]:
    """The scan (None when it cannot be used), its facts then, and its truth: mask, kind and more about it; None when
    unknown.
    """
    facts: dict[str, Any] = {"status": "ok", "shape": [1] + [job.parameters["grid"]] * 3}
    scan, truth = None, None
    try:
        left_out = job.raw / f"{sample.columns['file']}{REASON}"
        if left_out.is_file():
            raise InputError(left_out.read_text())
        scan = read_scan(job.raw / sample.columns["file"])
        if job.split == "proxy":
            kind = proxy_kinds(job.index_gold / "proxy.csv").get(sample.id, "")
            volume, truth = _with_anomaly(scan, kind, sample.id, job.seed)
            scan = replace(scan, volume=volume)
    except InputError as reason:
        scan, facts["status"] = None, str(reason)
    except Exception as error:  # a scan that breaks its reader in a new way must not stop the others
        scan, facts["status"] = None, reason_of(error)
    if job.labelled and job.split == "test":
        shape = None if scan is None else scan.geometry["original"]
        truth = _toy_label(job.index_gold / "toy_label", sample.columns["file"], shape)
    return scan, facts, truth


def _with_anomaly(scan: Scan, kind: str, sample: str, seed: int) -> tuple[np.ndarray, Truth]:
    volume = scan.volume
    if not kind:
        return volume, (np.zeros(volume.shape, np.uint8), "healthy", {})
    body = Body(alignment.foreground(volume))
    random = np.random.default_rng([seed, zlib.crc32(sample.encode())])
    volume, mask, recipe = insert(volume, body, kind, random)
    return volume, (mask, kind, {"recipe": recipe})


def _toy_label(folder: Path, file: str, shape: list[int] | None) -> Truth | None:
    """Mask and kind of a toy case. As in the organisers' scorer, a case whose label cannot be read is not scored."""
    try:
        abnormal = int((folder / "sample" / f"{file}.txt").read_text().splitlines()[0])
        pixel = folder / "pixel" / file
        if abnormal == 0 and not pixel.exists() and shape is not None:
            return np.zeros(shape, np.uint8), "healthy", {}
        mask = np.rint(np.asarray(load_map(pixel).dataobj, dtype=np.float32)).clip(0, 1) == 1
    except Exception:  # a label from outside breaks its reader in any way
        return None
    return mask.astype(np.uint8), "toy" if abnormal else "healthy", {}
