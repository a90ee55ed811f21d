"""Real heads for the proxy benchmark of mood: random draws of a few heads, one individual left out at a time.

    python benchmarks/mood_heads.py HEADS OUT
    python benchmarks/mood_heads.py data/mood/brain data/mood-heads

HEADS holds the five T1 volumes named in `HEADS` below (three individuals, two averages of many; docs/mood-proxy.md says where they
come from). For each individual X, OUT/without-X has the official layout: brain/brain_train with draws of the four
other heads (groups.csv tells which is which), and brain/toy and brain/toy_label with draws of X alone, half of them
with an anomaly of a kind that no model is trained on; and planted, the healthy ones of them once more, each with a
tumour 30 to 60 mm wide by the demo's code, which made none of the others. OUT/same-heads is the easier protocol: toy cases are other
draws of the very heads that were trained on.

A draw is a small affine map, a smooth deformation, another contrast curve, a bias field, blur and noise, on a grid
of 2.5 mm; background is 0. About 10 CPU minutes in all.
"""

import csv
import sys
from pathlib import Path

import nibabel as nib
import numpy as np
from scipy import ndimage

from challengeflow_mood import toy_set
from challengeflow_mood.demo import with_lesion
from challengeflow_mood.phantoms import smooth_field

HEADS = {
    "colin": "ch2bet.nii.gz",
    "bert": "niivue_fs_brainmask.mgz",
    "chop": "brainchop_t1_crop.nii.gz",
    "icbm152": "mni_icbm152_t1_tal_nlin_sym_09a_converted.nii.gz",
    "spm152": "spm152.nii.gz",
}
INDIVIDUALS = ("colin", "bert", "chop")
TRAIN_DRAWS = 20  # of each head
# Of the individual left out: nine of each kind of anomaly, and as many healthy ones. Draws 0 to 41 served to choose what models see.
TOY_DRAWS = range(42, 168)
SIZE, SPACING = 80, 2.5
SKULL = 5.0  # mm: thickness of tissue that is cut where the skull is still on


def brain_of(path: Path, name: str) -> tuple[np.ndarray, np.ndarray]:
    """A brain in right, anterior, superior order, values about [0, 1], and its affine; a skull is taken off."""
    image = nib.as_closest_canonical(nib.load(path))
    volume = np.asarray(image.dataobj, np.float32).reshape(image.shape[:3])
    bright = float(np.percentile(volume[volume > 0.05 * volume.max()], 90))
    if name == "chop":  # erode until the brain comes loose, keep the largest piece, grow it back
        tissue = (volume > 0.38 * bright) & (volume < 1.35 * bright)
        core = _largest(ndimage.distance_transform_edt(tissue) > SKULL)
        mask = (ndimage.distance_transform_edt(~core) <= SKULL + 2) & (volume > 0.2 * bright)
        mask = ndimage.binary_fill_holes(ndimage.binary_closing(mask, iterations=3))
    else:
        mask = _largest(ndimage.binary_opening(volume > 0.1 * bright, iterations=2))
        mask = ndimage.binary_fill_holes(ndimage.binary_dilation(mask, iterations=2) & (volume > 0))
    return np.where(mask, volume / (1.25 * bright), 0), image.affine


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
                random = np.random.default_rng([list(HEADS).index(name), number, use == "toy"])
                image = nib.Nifti1Image(draw(volume, affine, random), np.diag([SPACING] * 3 + [1]))
                nib.save(image, folder / f".{path.name}")
                (folder / f".{path.name}").rename(path)
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


def _largest(mask: np.ndarray) -> np.ndarray:
    labels, _ = ndimage.label(mask)
    sizes = np.bincount(labels.ravel())
    sizes[0] = 0
    return labels == sizes.argmax()


def main(source: Path, out: Path) -> None:
    missing = [file for file in HEADS.values() if not (source / file).exists()]
    if missing:
        sys.exit(f"{source} lacks {', '.join(missing)}; docs/mood-proxy.md says where they come from")
    heads = {name: brain_of(source / file, name) for name, file in HEADS.items()}
    write_draws(heads, out / "draws" / "train", "train", range(TRAIN_DRAWS))
    write_draws({name: heads[name] for name in INDIVIDUALS}, out / "draws" / "toy", "toy", TOY_DRAWS)
    for name in INDIVIDUALS:
        link(out / f"without-{name}", [other for other in HEADS if other != name], out / "draws" / "train")
        _toy(out / f"without-{name}", [name], out, TOY_DRAWS)
        _planted(out / f"without-{name}")
    link(out / "same-heads", list(HEADS), out / "draws" / "train")
    _toy(out / "same-heads", list(INDIVIDUALS), out, TOY_DRAWS[::2])


def _toy(folder: Path, names: list[str], out: Path, numbers: range) -> None:
    scans = (
        (np.asarray(image.dataobj, np.float32), image.affine, path.name)
        for name in names
        for path in (out / "draws" / "toy" / f"{name}_{number:03d}.nii.gz" for number in numbers)
        for image in [nib.load(path)]
    )
    toy_set.write(scans, folder / "brain", list(toy_set.PROXY), 0.5, 1)


def _planted(folder: Path) -> None:
    """The healthy toy cases with a tumour each: scans of their own contrast that show something."""
    target = folder / "planted"
    target.mkdir(exist_ok=True)
    for label in sorted((folder / "brain" / "toy_label" / "sample").glob("*.txt")):
        name = label.name.removesuffix(".txt")
        if label.read_text().strip() == "0":
            image = nib.load(folder / "brain" / "toy" / name)
            random = np.random.default_rng([2, int("".join(filter(str.isdigit, name)))])
            changed, _ = with_lesion(np.asarray(image.dataobj, np.float32), "tumour", random)
            nib.save(nib.Nifti1Image(changed, image.affine), target / name)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
