"""A hundred odd scans, and what becomes of each: orientations, header codes, types, padding, slabs, broken files.

    python benchmarks/mood_odd_scans.py > docs/mood-odd-scans.md

All are made of one phantom head, and answered by pca-residual, fitted on sixteen others. The table says of each whether
its map has its shape and affine, its score, and for one that shows the same head how far score and map (99.9 % of the
voxels) are from those of the plain one. Ends with an error where a scan that can be read is not answered rightly, or
one that cannot is.
"""

import gzip
import sys
import tempfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path

import nibabel as nib
import numpy as np
from nibabel.filebasedimages import ImageFileError
from scipy import ndimage

from challengeflow import InputError
from challengeflow_mood.answers.maps import case_score, write_map
from challengeflow_mood.data.alignment import body_size
from challengeflow_mood.data.healthy_scans import Healthy
from challengeflow_mood.data.images import load_image, open_scan
from challengeflow_mood.data.preprocess import prepare
from challengeflow_mood.data.volumes import Scan, read_scan
from challengeflow_mood.demo.phantoms import phantom
from challengeflow_mood.models import pca_residual, whole_scan

SHAPE, AFFINE = (96, 104, 90), np.array([[1.9, 0, 0, -90], [0, 1.8, 0, -95], [0, 0, 2.0, -88], [0, 0, 0, 1.0]])
CODES = ["RAS", "LAS", "RPS", "LPS", "RAI", "LAI", "LPI", "RPI", "ASR", "PIL", "SRA", "ILP", "RSA", "LIA", "SAL", "IPR"]
CODES += ["ARS", "PLI", "ALS", "AIL", "PSR", "SLP", "IRA", "SPL"]
TYPES = ("u1", "i1", "i2", "u2", "i4", "u4", "i8", "u8", "f4", "f8", ">i2", ">f4")
GRID, HEALTHY, COMPONENTS = 64, 16, 30
WIDE = np.diag([180 / GRID] * 3 + [1.0]).tolist()
UNREADABLE = (InputError, OSError, ValueError, EOFError, ImageFileError, zlib.error)
REFUSED = {
    *("constant.nii.gz", "all-nan.nii.gz", "series.nii.gz", "two-dimensional.nii.gz", "seven-planes.nii.gz"),
    *("complex.nii.gz", "rgb.nii.gz", "empty.nii.gz", "text.nii.gz", "half.nii.gz", "bad-checksum.nii.gz"),
    *("header-alone.nii", "short.nii", "empty.mgz", "dicom"),
}
"""Scans that nobody could answer."""
HEAD = """# MOOD: what becomes of odd scans

Made by `python benchmarks/mood_odd_scans.py > docs/mood-odd-scans.md`: one phantom head, stored, typed, cut, padded and
broken in a hundred ways, answered by `pca-residual`, fitted on sixteen others. *right*: the map has its shape and
affine, and, of a scan that shows the same head, score and map agree with those of the plain one (to 0.001, and to 0.02
at 99.9 % of the voxels; scans of other types and scales are scaled by their own brightest voxels and only told of).
*refused*: it gets a safe answer, and the reason is told.

| scan | answer | score | score off | map off | said |
|---|---|---|---|---|---|"""
Undo = Callable[[np.ndarray], np.ndarray]
SAME: Undo = np.asarray


def write(
    path: Path, volume: np.ndarray, affine: np.ndarray = AFFINE, kind: type = nib.Nifti1Image
) -> nib.Nifti1Header:
    image = kind(volume, affine, dtype=volume.dtype) if kind is not nib.MGHImage else kind(volume, affine)
    nib.save(image, path)
    return image.header


def make(folder: Path, head: np.ndarray) -> Iterator[tuple[str, Undo | None]]:
    """Write the scans; the name of each, and what brings its map back to the plain head's grid (None: another head)."""
    hu = np.where(head > 0.02, 1200 * head - 300, -1000).round().astype(np.int16)
    grey = (4000 * head).round().astype(np.int16)
    write(folder / "plain.nii.gz", head)
    yield "plain.nii.gz", SAME
    for codes in CODES:
        wanted = nib.orientations.axcodes2ornt(tuple(codes))
        turned = nib.Nifti1Image(head, AFFINE).as_reoriented(
            nib.orientations.ornt_transform(nib.io_orientation(AFFINE), wanted)
        )
        nib.save(turned, folder / f"orientation-{codes}.nii.gz")
        back = nib.orientations.ornt_transform(wanted, nib.io_orientation(AFFINE))
        yield f"orientation-{codes}.nii.gz", lambda values, back=back: nib.orientations.apply_orientation(values, back)
    for axis in range(3):
        for before, after in ((1, 0), (0, 1), (5, 2)):
            widths = [(before, after) if a == axis else (0, 0) for a in range(3)]
            moved = AFFINE.copy()
            moved[:3, 3] -= before * AFFINE[:3, axis]
            own = tuple(slice(first, first + n) for (first, _), n in zip(widths, SHAPE, strict=True))
            write(folder / f"border-{axis}-{before}-{after}.nii.gz", np.pad(head, widths), moved)
            yield f"border-{axis}-{before}-{after}.nii.gz", lambda values, own=own: values[own]
    for dtype in TYPES:
        top = 127 if dtype == "i1" else 255 if dtype == "u1" else 4000
        write(folder / f"type-{dtype.strip('>')}{'-big' * (dtype[0] == '>')}.nii", (top * head).round().astype(dtype))
        yield f"type-{dtype.strip('>')}{'-big' * (dtype[0] == '>')}.nii", SAME
    for factor in (1e-6, 0.003, 0.3, 10.0, 1e9):
        write(folder / f"scaled-{factor:g}.nii.gz", (factor * head).astype(np.float32))
        yield f"scaled-{factor:g}.nii.gz", SAME
    x, y = np.ogrid[: SHAPE[0], : SHAPE[1]]
    outside = ((2 * x / SHAPE[0] - 1) ** 2 + (2 * y / SHAPE[1] - 1) ** 2) > 1
    for value in (-1024, -2000, -3024, -32768):
        padded = hu.copy()
        padded[outside] = value
        write(folder / f"hounsfield-padded{value}.nii.gz", padded)
        yield f"hounsfield-padded{value}.nii.gz", None
    for value in (np.nan, np.inf, -1e6):
        write(folder / f"background-{value:g}.nii.gz", np.where(head > 0.02, head * 1000, value).astype(np.float32))
        yield f"background-{value:g}.nii.gz", None
    for code, broken in (("nan", np.nan), ("zero", 0.0), ("inf", np.inf)):
        for qform in (True, False):
            image = nib.Nifti1Image(grey, AFFINE)
            image.header.set_qform(AFFINE, int(qform))
            image.header["sform_code"] = 2
            for row in ("srow_x", "srow_y", "srow_z"):
                image.header[row] = broken
            name = f"sform-{code}{'-with' if qform else '-without'}-qform.nii"
            data = grey.astype("<i2").tobytes("F")
            (folder / name).write_bytes(image.header.binaryblock[:352].ljust(352, b"\0") + data)
            yield name, None
    for kind, ending in ((nib.Nifti2Image, "nifti-2.nii.gz"), (nib.MGHImage, "mgh.mgz"), (nib.Nifti1Pair, "pair.img")):
        write(folder / ending, head if kind is nib.MGHImage else grey, AFFINE, kind)
        yield ending, SAME
    write(folder / "fourth-axis.nii.gz", head[..., None])
    yield "fourth-axis.nii.gz", lambda values: values.reshape(SHAPE)
    (folder / "gzip-inside.nii").write_bytes((folder / "plain.nii.gz").read_bytes())
    (folder / "plain-inside.nii.gz").write_bytes(gzip.decompress((folder / "plain.nii.gz").read_bytes()))
    yield from (("gzip-inside.nii", SAME), ("plain-inside.nii.gz", SAME))
    for first, last in ((30, 42), (0, 45), (45, 90), (40, 48), (10, 80)):
        write(folder / f"slab-{first}-{last}.nii.gz", head[:, :, first:last])
        yield f"slab-{first}-{last}.nii.gz", None
    for zoom in (0.5, 1.5, 2.0, 2.7):
        write(
            folder / f"zoom-{zoom:g}.nii.gz", ndimage.zoom(head, zoom, order=1), AFFINE @ np.diag([*[1 / zoom] * 3, 1])
        )
        yield f"zoom-{zoom:g}.nii.gz", None
    for name, volume in {
        "negative": np.where(head > 0.02, 1 - head, 0),
        "noise": np.random.default_rng(0).random(SHAPE),
        "ball": (sum((np.indices(SHAPE)[a] - 45) ** 2 for a in range(3)) < 900) * 0.5,
        "mirrored": head[::-1],
        "upside-down": head[:, :, ::-1],
        "abdomen": phantom("abdom", 80, np.random.default_rng(1)),
        "constant": np.ones(SHAPE),
        "all-nan": np.full(SHAPE, np.nan),
        "series": np.stack([head] * 2, -1),
        "two-dimensional": head[:, :, 40],
        "seven-planes": head[:, :, 40:47],
    }.items():
        write(folder / f"{name}.nii.gz", volume.astype(np.float32))
        yield f"{name}.nii.gz", None
    write(folder / "complex.nii.gz", head.astype(np.complex64))
    write(folder / "rgb.nii.gz", np.zeros(SHAPE, [("R", "u1"), ("G", "u1"), ("B", "u1")]))
    sound = (folder / "plain.nii.gz").read_bytes()
    broken = {"empty.nii.gz": b"", "text.nii.gz": b"no scan", "half.nii.gz": sound[: len(sound) // 2]}
    broken |= {
        "bad-checksum.nii.gz": sound[:-8] + b"12345678",
        "header-alone.nii": (folder / "type-i2.nii").read_bytes()[:352],
    }
    broken |= {
        "short.nii": (folder / "type-i2.nii").read_bytes()[:-999],
        "empty.mgz": b"",
        "dicom": bytes(128) + b"DICM",
    }
    for name, data in broken.items():
        (folder / name).write_bytes(data)
    yield from ((name, None) for name in ("complex.nii.gz", "rgb.nii.gz", *broken))


def fitted() -> dict[str, np.ndarray]:
    """pca-residual's arrays, of sixteen phantom heads."""
    volumes, masks, sizes = [], [], []
    for number in range(HEALTHY):
        head = Scan(phantom("brain", GRID, np.random.default_rng(100 + number)), None, {"affine": WIDE})
        facts, arrays = prepare(head, GRID)
        volumes.append(arrays["volume"])
        masks.append(arrays["mask"])
        sizes.append(body_size(facts))
    names = tuple(map(str, range(HEALTHY)))
    healthy = Healthy(np.stack(volumes), np.stack(masks), names, tuple(sizes))
    return pca_residual.fit(healthy.volumes, healthy.masks, COMPONENTS) | whole_scan.fit(healthy)


def answered(path: Path, model: dict[str, np.ndarray], target: Path) -> tuple[float, np.ndarray, str]:
    """Score, written map and verdict of a scan."""
    facts, arrays = prepare(read_scan(path), GRID)
    values = pca_residual.apply(model, arrays["volume"], arrays["mask"])
    whole = whole_scan.foreign(model, arrays, facts)
    values = (whole_scan.raised(values) if whole else values) * arrays["scanned"]
    write_map(values, facts, target)
    return case_score(values, facts), np.asarray(load_image(target).dataobj, np.float32), whole


def main(folder: Path) -> int:
    """Print the table; how many scans are not answered rightly."""
    model = fitted()
    head = phantom("brain", 96, np.random.default_rng(11))
    head = np.clip(ndimage.zoom(head, [n / 96 for n in SHAPE], order=1), 0, 1).astype(np.float32)
    plain, wrong, count = None, 0, 0
    print(HEAD)
    for name, undo in list(make(folder, head)):
        count += 1
        try:
            score, values, whole = answered(folder / name, model, folder / "map.nii.gz")
        except UNREADABLE as error:
            reason = str(error) if isinstance(error, InputError) else f"{type(error).__name__}: {error}"
            wrong += name not in REFUSED
            said = " ".join(reason.replace(f"{folder}/", "").replace("|", "/").split())
            print(f"| {name} | {'refused' if name in REFUSED else 'WRONG'} | | | | {said} |")
            continue
        opened, map_image = open_scan(folder / name), load_image(folder / "map.nii.gz")
        right = map_image.shape == tuple(opened.shape) and np.allclose(map_image.affine, opened.affine, atol=1e-3)
        right &= name not in REFUSED
        off = ["", ""]
        if undo is not None:
            plain = plain or (score, values)
            far = np.quantile(np.abs(undo(values) - plain[1]), 0.999)
            off = [f"{abs(score - plain[0]):.5f}", f"{far:.4f}"]
            rescaled = name.startswith(("type-", "scaled-", "nifti-2", "pair"))  # by their own brightest voxels
            right &= rescaled or (abs(score - plain[0]) < 1e-3 and far < 0.02)
        wrong += not right
        print(f"| {name} | {'right' if right else 'WRONG'} | {score:.3f} | {off[0]} | {off[1]} | {whole} |", flush=True)
    print(f"\n{count} scans, {wrong} of them answered wrongly.")
    return wrong


if __name__ == "__main__":
    if len(sys.argv) > 1:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as made:
        sys.exit(min(1, main(Path(made))))
