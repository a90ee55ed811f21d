"""What preprocess of Clog Loss costs above bare decoding, and what two processes gain.

    python benchmarks/clog_loss_preprocess.py

Videos are those of the demo: x264, every frame an I-frame, crf 15, as heavy as real ones (35 to 55 kB a frame,
asserted; real ones have 41 to 47). Making one costs more than preparing it, so `--distinct` different ones are made and
repeated, by links, until there are `--videos`. `--real FILE` measures one real mp4 instead, repeated as often.

The ratio is of CPU seconds, which other work on the machine hardly changes: all of preprocess with one worker process
(its start, the shard written and all) against PyAV reading every plane of every frame of the same files on one thread.
The gain is of wall seconds and needs an idle machine with two cores.
"""

import argparse
import resource
import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import av

from challengeflow import PreprocessJob, Sample
from challengeflow.arrays import Arrays
from challengeflow.contract.progress import Progress
from challengeflow.outside.door import Unreadable, read_each
from challengeflow_clog_loss.data import preprocess as stage
from challengeflow_clog_loss.demo import metadata, synthesis

KB_A_FRAME = (35, 55)
SEED = 0


def make(folder: Path, distinct: int) -> list[Path]:
    """That many demo videos, of lengths as in the real data: 56 frames as the median."""
    paths = [folder / f"{number}.mp4" for number in range(distinct)]
    items = [
        (path, SEED, path.stem, metadata.PROJECTS[number % 12], number % 3 == 0, 40 + 4 * (number % 9), 512)
        for number, path in enumerate(paths)
    ]
    made = [result for _, result in read_each(synthesis.write_video, items, workers=2)]
    assert not any(isinstance(result, Unreadable) for result in made), made
    return paths


def frames_of(path: Path) -> int:
    with av.open(str(path)) as container:
        return container.streams.video[0].frames


def decode(paths: Sequence[Path]) -> None:
    """Bare decoding: every plane of every frame, as bytes, on one thread."""
    for path in paths:
        with av.open(str(path)) as container:
            stream = container.streams.video[0]
            stream.thread_count = 1
            for frame in container.decode(stream):
                for plane in frame.planes:
                    memoryview(plane)


def preprocess(raw: Path, samples: tuple[Sample, ...], threads: int) -> None:
    """The stage, as the workflow runs it."""
    with tempfile.TemporaryDirectory() as folder:
        paths = {name: Path(folder, name) for name in ("work", "index_gold", "prepared", "gold")}
        for path in paths.values():
            path.mkdir()
        job = PreprocessJob(
            challenge="clog-loss",
            dataset="nano",
            parameters={"margin": 8, "no_region": "safe"},
            seed=SEED,
            threads=threads,
            device="cpu",
            progress=Progress(f"{threads} processes"),
            shard="test-000",
            split="test",
            samples=samples,
            labelled=False,
            source="demo",
            raw=raw,
            **paths,
        )
        stage.preprocess(job)
        ready = len(Arrays(paths["prepared"]).ok())
        assert ready == len(samples), f"only {ready} of {len(samples)} videos could be prepared"


def cost(work: Callable[[], None]) -> tuple[float, float]:
    """CPU seconds, of child processes too, and wall seconds."""

    def cpu() -> float:
        used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
        return sum(each.ru_utime + each.ru_stime for each in used)

    started, wall = cpu(), time.perf_counter()
    work()
    return cpu() - started, time.perf_counter() - wall


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--videos", type=int, default=2000)
    parser.add_argument("--distinct", type=int, default=24)
    parser.add_argument("--real", type=Path, metavar="FILE")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        raw = Path(folder, "raw")
        raw.mkdir()
        made = [options.real] if options.real else make(Path(folder), options.distinct)
        frames = {path: frames_of(path) for path in made}
        heavy = {path: path.stat().st_size / frames[path] / 1000 for path in made}
        assert all(KB_A_FRAME[0] < each < KB_A_FRAME[1] for each in heavy.values()), heavy
        samples = []
        for number in range(options.videos):
            path = made[number % len(made)]
            (raw / f"{number}.mp4").symlink_to(path.resolve())
            samples.append(Sample(str(number), "test", str(number), {"num_frames": str(frames[path])}))
        total = sum(int(sample.columns["num_frames"]) for sample in samples)
        weight = sum(heavy.values()) / len(heavy)
        print(f"{options.videos} videos ({len(made)} distinct), {total} frames, {weight:.1f} kB a frame")
        bare, _ = cost(lambda: decode([raw / f"{sample.id}.mp4" for sample in samples]))
        one, wall_one = cost(lambda: preprocess(raw, tuple(samples), 1))
        two, wall_two = cost(lambda: preprocess(raw, tuple(samples), 2))
        for name, seconds in (
            ("bare decoding", bare),
            ("preprocess, 1 process", one),
            ("preprocess, 2 processes", two),
        ):
            print(
                f"{name:<24}{seconds:9.1f} CPU s {1000 * seconds / total:7.2f} CPU-ms a frame "
                f"{seconds / bare:6.2f} x bare"
            )
        print(
            f"wall: {wall_one:.1f} s with 1 process, {wall_two:.1f} s with 2: {wall_one / wall_two:.2f} times as fast"
        )


if __name__ == "__main__":
    main()
