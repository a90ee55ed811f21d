"""The demo is no toy: no single number of a scan tells it, and a model trained on it keeps its order on other phantoms.

The other phantoms are made by other code: soft-edged shapes bent by sine waves, Rician noise, shading from one side,
other sizes, orientation and data type, and lesions of kinds the plugin does not have.
"""

import gzip
from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest

from challengeflow.arrays import Arrays, Predictions, write_scores
from challengeflow_mood.demo import archives, phantoms

SHAPE = (44, 52, 42)


def other_head(random):
    """A healthy head of the other kind, float32 SHAPE: tissue by tissue, each with a soft edge."""
    axes = [np.linspace(-1.25, 1.25, n, dtype=np.float32) for n in SHAPE]
    x, y, z = np.meshgrid(*axes, indexing="ij")
    phase, amount = random.uniform(0, 6.28, (3, 2)), random.uniform(0.0, 0.035, 3)
    u = x * random.uniform(0.94, 1.06) + amount[0] * np.sin(3.1 * y + phase[0, 0]) * np.cos(2.3 * z + phase[0, 1])
    v = y * random.uniform(0.94, 1.06) + amount[1] * np.sin(2.7 * z + phase[1, 0]) * np.cos(3.3 * x + phase[1, 1])
    w = z * random.uniform(0.94, 1.06) + amount[2] * np.sin(2.9 * x + phase[2, 0]) * np.cos(2.1 * y + phase[2, 1])

    def soft(distance, width=0.04):
        return 1 / (1 + np.exp(np.clip((distance - 1) / width, -50, 50)))

    def ball(a, b, c, ra, rb, rc):
        return soft(np.sqrt(((u - a) / ra) ** 2 + ((v - b) / rb) ** 2 + ((w - c) / rc) ** 2))

    white, grey, fluid = random.uniform(0.68, 0.78), random.uniform(0.47, 0.55), random.uniform(0.14, 0.22)
    folds = 0.03 * np.sin(19 * u) * np.sin(17 * v) * np.sin(18 * w)
    radius = np.sqrt((u / 0.78) ** 2 + (v / 0.98) ** 2 + ((w - 0.08) / 0.76) ** 2) + folds
    value = fluid + (grey - fluid) * soft(radius, 0.02) + (white - grey) * soft(radius / 0.86, 0.02)
    for side in (-1, 1):
        nucleus = (side * 0.26, 0.06, 0.02, 0.09, 0.2, 0.17)
        ventricle = (side * 0.15, -0.07, 0.2, 0.055, 0.42, 0.1)
        for shape, level in ((nucleus, grey), (ventricle, fluid)):
            weight = ball(*shape)
            value = value * (1 - weight) + level * weight
    weight = ball(0, -0.56, -0.65, 0.55, 0.38, 0.3)
    value = value * (1 - weight) + (0.55 * grey + 0.45 * white) * weight
    head = (radius < 1.04) | (weight > 0.5)
    value = value * (1 + random.uniform(-0.08, 0.08) * x + random.uniform(-0.05, 0.05) * y)
    spread = random.uniform(0.015, 0.03)
    noise = spread * random.standard_normal((2, *SHAPE))
    return np.where(head, np.hypot(value + noise[0], noise[1]), 0).astype(np.float32)


def other_lesion(volume, random):
    """Two kinds: a swirl of tissue about an axis, or a cluster of blobs; and the mask."""
    x, y, z = np.indices(SHAPE).astype(np.float32)
    while True:
        centre = [random.uniform(0.35, 0.65) * n for n in SHAPE]
        radius = random.uniform(4.5, 7)
        dx, dy, dz = (a - c for a, c in zip((x, y, z), centre, strict=True))
        distance = np.sqrt(dx**2 + dy**2 + dz**2) / radius
        if random.random() < 0.5:
            angle = np.where(distance < 1, 3.0 * (1 - distance), 0)
            turned = np.cos(angle) * dx - np.sin(angle) * dy, np.sin(angle) * dx + np.cos(angle) * dy
            at = [centre[0] + turned[0], centre[1] + turned[1], z]
            index = tuple(np.clip(np.rint(a), 0, n - 1).astype(int) for a, n in zip(at, SHAPE, strict=True))
            changed = volume[index]
        else:
            waves = np.sin(dx * 1.1) * np.sin(dy * 1.2) * np.sin(dz * 1.0)
            changed = volume + random.choice([-0.3, 0.3]) * (np.abs(waves) > 0.25)
        mask = (distance < 1) & (volume > 0.05) & (np.abs(changed - volume) > 0.08)
        if mask.sum() > 80:
            return np.where(mask, np.clip(changed, 0.01, volume.max()), volume).astype(np.float32), mask.astype(
                np.uint8
            )


def statistics(volume):
    """The numbers that must tell nothing: brightness, spread, share of body, extremes, bytes of the file."""
    stored = gzip.compress(nib.Nifti1Image(volume, np.eye(4)).to_bytes(), 1, mtime=0)
    return [volume.mean(), volume.var(), (volume > 0.05).mean(), np.percentile(volume, 99), volume.max(), len(stored)]


def crossed_mcc(values, labels):
    """Matthews correlation of the best threshold on one half, either way round, on the other half; both ways."""
    answers = np.zeros(len(labels), bool)
    halves = np.arange(len(labels)) // 2 % 2 == 0
    for fitted in (halves, ~halves):
        best = max(
            ((mcc((s * values[fitted]) > s * t, labels[fitted]), s, t) for t in values[fitted] for s in (-1, 1)),
            key=lambda item: item[0],
        )
        answers[~fitted] = best[1] * values[~fitted] > best[1] * best[2]
    return mcc(answers, labels)


def mcc(answers, labels):
    return 0.0 if answers.all() or not answers.any() else float(np.corrcoef(answers, labels)[0, 1])


def demo_case(dataset, number, abnormal):
    random = np.random.default_rng([11, number])
    volume = phantoms.phantom(dataset, 36, random)
    kinds = list(archives.LESIONS)
    return archives.with_lesion(volume, kinds[number // 2 % len(kinds)], random)[0] if abnormal else volume


def other_case(number, abnormal):
    random = np.random.default_rng([12, number])
    volume = other_head(random)
    return other_lesion(volume, random)[0] if abnormal else volume


@pytest.mark.parametrize("generator", ["brain", "abdom", "other"])
def test_no_single_statistic_tells(generator):
    labels = np.arange(240) % 2 == 1  # fewer, and chance alone reaches 0.2
    scans = (
        other_case(i, abnormal) if generator == "other" else demo_case(generator, i, abnormal)
        for i, abnormal in enumerate(labels)
    )
    table = np.array([statistics(scan) for scan in scans])
    told = [crossed_mcc(column, labels) for column in table.T]
    assert max(told) < 0.2, told


def test_the_model_keeps_its_order_on_the_other_phantoms(tmp_path, mood_run, mood_brain):
    folder, labels = tmp_path / "toy", tmp_path / "toy_label"
    for place in (folder, labels / "sample", labels / "pixel"):
        place.mkdir(parents=True)
    for number in range(16):
        random = np.random.default_rng([13, number])
        volume, mask = other_head(random), np.zeros(SHAPE, np.uint8)
        if number % 2:
            volume, mask = other_lesion(volume, random)
        affine, name = np.diag([-3.0, -2.5, 3.0, 1.0]), f"toy_{number}.nii.gz"
        turned = (volume[::-1, ::-1] * 900).astype(np.int16)
        nib.save(nib.Nifti1Image(turned, affine), folder / name)
        nib.save(nib.Nifti1Image(np.ascontiguousarray(mask[::-1, ::-1]), affine), labels / "pixel" / name)
        (labels / "sample" / f"{name}.txt").write_text(f"{number % 2}\n")
    run = mood_run(tmp_path / "run", "brain", str(tmp_path), ("test",), ("test",), {"grid": 32, "bootstrap_rounds": 20})
    shards = run.prepare().predict(mood_brain.models, "test")
    scored = run.score(shards)["test"]
    random = np.random.default_rng(1)
    prepared = Arrays(shards[0].prepared)
    output = run.folder("random")
    write_scores(output, ((s, random.random(prepared.attributes(s)["shape"], np.float32)) for s in prepared))
    chance = run.score([replace(shards[0], predictions=output)], "random")["test"]
    assert len(Predictions(output)) == 16
    assert scored["detail"]["pixel_ap"] > 4 * chance["detail"]["pixel_ap"], (scored, chance)
    assert scored["score"] > chance["score"] + 0.05, (scored, chance)
