"""What models that are networks have in common: inner groups, the files of a model, the scale of its scores.

A model is a folder: `model.json` (parameters and kinds of anomaly), the weights of the network and of the voxel-wise
net (`voxel_net`) without pickle, the arrays of pca-residual and of `registration` in `anatomy`, `scale.npy` (the common
scale, from healthy scans of the inner groups), the mean healthy scan (`whole_scan`) and `curve.csv`, how the network
learnt (its score is that of the network without the voxel-wise net).
"""

import csv
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from threadpoolctl import threadpool_limits

from challengeflow import InputError, PredictJob, TrainJob, networks
from challengeflow.arrays import Arrays, Writer
from challengeflow_mood.anomalies import FITTED, STOPPING
from challengeflow_mood.anomalies.made_cases import Case, made_cases, unlabelled
from challengeflow_mood.data.healthy_scans import Healthy, beside_others, read_healthy
from challengeflow_mood.data.intensity import relative_grey
from challengeflow_mood.models import pca_residual, score_scale, whole_scan
from challengeflow_mood.models.grid_maps import Apply, write_maps

NO_OTHER_DATA = (
    "the challenge forbids other data than its own scans, so networks start from random weights; leave it out"
)
PACKAGE, LIBRARIES = "challengeflow-mood[torch]", ["SimpleITK"]
CURVE = ("step", "loss", "score")
MIN_SCANS = 4
MIN_OUTER = 3  # of fewer, none may have two others that describe it
SCALED_SCANS = 30  # behind the common scale
FARTHEST = 8.0  # spreads at which what is unexplained is cut off
LEAST_SPREAD = 1e-3


@dataclass(frozen=True)
class Network:
    """A kind of network. build: parameters and grid -> torch.nn.Module; tensors and logits: see `network_fit.Fitting`,
    with the parameters first (and, of logits, the device).
    """

    build: Callable[[Mapping[str, Any], int], Any]
    tensors: Callable[[Mapping[str, Any], Case, np.random.Generator], tuple[np.ndarray, ...]]
    logits: Callable[[Mapping[str, Any], str, Any, Case], tuple[np.ndarray, float]]


@threadpool_limits.wrap(limits=1, user_api="blas")  # another thread count adds in another order: other last digits
def train(job: TrainJob, network: Network) -> None:
    """Fit on made anomalies of `FITTED` kinds in most groups, stop by `STOPPING` kinds in the inner ones.

    Where no inner groups are held out, training lasts all steps, and `STOPPING` kinds are fitted on, too.
    """
    if job.parameters["pretrained"]:
        raise InputError(f"{job.model}: pretrained is {job.parameters['pretrained']!r}; {NO_OTHER_DATA}")
    networks.prepare(job, PACKAGE, LIBRARIES)
    import torch

    from challengeflow_mood.models import network_fit, voxel_net

    parameters = job.parameters
    healthy = read_healthy(job.shards, parameters["max_scans"], MIN_SCANS, job.seed, job.model)
    held = inner_groups(healthy.groups, parameters["inner"], job.seed)
    is_inner = np.array([group in held for group in healthy.groups])
    outer = healthy.subset(np.flatnonzero(~is_inner))
    anatomy = _anatomy(outer, parameters["components"])
    inner = replace(healthy.subset(np.flatnonzero(is_inner)), anatomies=(_in_memory(anatomy),) * int(is_inner.sum()))
    outer = _with_anatomies(outer, parameters["components"])
    cases = _inner_cases(inner, parameters["inner_cases"], job.seed) if held else []
    grid = healthy.volumes.shape[-1]
    torch.manual_seed(job.seed)
    net = network.build(parameters, grid)
    fitting = network_fit.Fitting(
        parameters=parameters,
        seed=job.seed,
        device=job.device,
        threads=job.threads,
        work=job.work,
        progress=job.progress,
        tensors=lambda case, random: network.tensors(parameters, case, random),
        logits=lambda net, case: network.logits(parameters, job.device, net, case),
    )
    kinds = FITTED if held else FITTED + STOPPING
    curve = network_fit.fit(net, outer, kinds, cases, fitting)
    voxelwise = voxel_net.fit(outer, kinds, parameters, job.seed, job.progress)

    def raw(case: Case) -> np.ndarray:
        return raw_map(*fitting.logits(net, case), voxel_net.log_odds(voxelwise, case))

    scale = score_scale.fit(_healthy_values(inner if held else outer, raw))
    facts = {"grid": grid, "parameters": dict(parameters), "scans": len(outer), "inner_groups": sorted(held)}
    facts |= {"fitted_on": kinds, "stopped_by": STOPPING if held else []}
    arrays = {"": {"scale": scale, **whole_scan.fit(healthy)}, "anatomy": anatomy}
    _write(job.output, {"net": net, "voxels": voxelwise}, arrays, facts, curve)


@threadpool_limits.wrap(limits=1, user_api="blas")
def predict(job: PredictJob, network: Network) -> None:
    """Average of the maps of `job.models`, float16 (1, grid, grid, grid); zero for a scan that could not be read."""
    networks.prepare(job, PACKAGE, LIBRARIES)
    write_maps(job, [_loaded(folder, job.device, network) for folder in job.models])


def seen(case: Case) -> np.ndarray:
    """What both networks see of a voxel: grey value, what the anatomy of others leaves unexplained (of grey value and
    texture), how strange that is, and the difference to the mirror image, right to left; float32 (5, g, g, g).

    They need not learn healthy anatomy by heart, for which a few heads and a few hundred steps would not do. What is
    unexplained counts by how much is in most of the scan: a head unlike all others is strange everywhere.
    """
    grey = relative_grey(case.volume, case.mask)
    left = pca_residual.standard_residuals(case.known_anatomy, case.volume, case.mask)
    away = [*left.values(), pca_residual.strangeness(case.known_anatomy, left)]
    return np.stack([grey, *(_by_most(values, case.mask > 0) for values in away), grey - grey[::-1]])


def _by_most(values: np.ndarray, body: np.ndarray) -> np.ndarray:
    """Values in units of the spread of most of the body, half of these, cut off far outside."""
    spread = 1.4826 * np.median(np.abs(values[body])) if body.any() else 0.0
    return np.clip(values / max(spread, LEAST_SPREAD), -FARTHEST, FARTHEST) / 2


def inner_groups(groups: tuple[str, ...], share: float, seed: int) -> set[str]:
    """About `share` of the groups, a seeded choice of at least one; none where that would leave too few to train on."""
    names = list(dict.fromkeys(groups))
    if share == 0 or len(names) < 2:
        return set()
    size = max(1, round(share * len(names)))
    chosen = {names[at] for at in np.random.default_rng(seed).permutation(len(names))[:size]}
    return chosen if sum(group not in chosen for group in groups) >= MIN_OUTER else set()


def _inner_cases(inner: Healthy, count: int, seed: int) -> list[Case]:
    """At most `count` made cases of kinds that are not trained on, half of them healthy."""
    scans = inner.subset(np.random.default_rng([seed, 1]).permutation(len(inner))[: max(1, count // 2)])
    return made_cases(scans, STOPPING, max(2, count // len(scans)), (seed, 2))


def _anatomy(healthy: Healthy, components: int) -> dict[str, np.ndarray]:
    """What healthy anatomy looks like: arrays of pca-residual, and scans to be bent (`registration`)."""
    from challengeflow_mood.models import registration

    return pca_residual.fit_some(healthy, components) | registration.fit(healthy)


def _with_anatomies(healthy: Healthy, components: int) -> Healthy:
    """The scans, each with the anatomy of other groups; without those beside which there is none."""
    known: dict[int, dict[str, np.ndarray]] = {}
    for part, others in beside_others(healthy, pca_residual.PARTS, pca_residual.MIN_OTHERS):
        known |= dict.fromkeys(part, _in_memory(_anatomy(others, components)))
    described = np.array(sorted(known))
    return replace(healthy.subset(described), anatomies=tuple(known[at] for at in described))


def _in_memory(anatomy: Mapping[str, np.ndarray]) -> dict[str, np.ndarray]:
    """The arrays as float32, so that they are not converted at each step."""
    return {name: np.asarray(array, np.float32) for name, array in anatomy.items()}


def _write(
    folder: Path,
    nets: Mapping[str, Any],
    arrays: Mapping[str, Mapping[str, np.ndarray]],
    facts: Mapping,
    curve: list[dict],
) -> None:
    """The files of a model; arrays by the folder below its own."""
    with Writer(folder / "weights") as out:
        for name, net in nets.items():
            out.add(name, {}, **networks.weights(net))
    for below, named in arrays.items():
        (folder / below).mkdir(exist_ok=True)
        for name, array in named.items():
            np.save(folder / below / f"{name}.npy", array)
    (folder / "model.json").write_text(json.dumps(facts, indent=1) + "\n")
    with open(folder / "curve.csv", "w", newline="") as file:
        table = csv.DictWriter(file, CURVE, lineterminator="\n")
        table.writeheader()
        table.writerows(curve)


def _loaded(folder: Path, device: str, network: Network) -> Apply:
    from challengeflow_mood.models import voxel_net

    facts = json.loads((folder / "model.json").read_text())
    net = network.build(facts["parameters"], facts["grid"])
    voxelwise, weights = voxel_net.VoxelNet().eval(), Arrays(folder / "weights")
    networks.put_weights(net, weights["net"])
    networks.put_weights(voxelwise, weights["voxels"])
    net.to(device)
    arrays = {path.stem: np.load(path) for path in sorted(folder.glob("*.npy"))}
    anatomy = _in_memory({path.stem: np.load(path) for path in sorted(folder.glob("anatomy/*.npy"))})

    def apply(volume: np.ndarray, mask: np.ndarray) -> np.ndarray:
        case = unlabelled(volume, mask, anatomy)
        raw = raw_map(*network.logits(facts["parameters"], device, net, case), voxel_net.log_odds(voxelwise, case))
        return np.where(mask > 0, score_scale.apply(arrays["scale"], raw), 0)

    return apply


def raw_map(logits: np.ndarray, odds: float, voxelwise: np.ndarray) -> np.ndarray:
    """Log-odds that the case is abnormal and the voxel is part of it (of the product of both probabilities), and those
    of the voxel-wise net added; float64.
    """
    log_p = -np.logaddexp(0, -np.asarray(logits, np.float64)) - np.logaddexp(0, -odds)
    return log_p - np.log(-np.expm1(np.minimum(log_p, -1e-12))) + voxelwise


def _healthy_values(healthy: Healthy, raw: Callable[[Case], np.ndarray]) -> Iterator[np.ndarray]:
    """The values of the bodies of healthy scans."""
    some = healthy.some(SCALED_SCANS)
    for volume, mask, anatomy in zip(some.volumes, some.masks, some.anatomies, strict=True):
        yield raw(unlabelled(volume, mask, anatomy))[mask > 0]
