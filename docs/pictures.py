"""Draw the pictures of the README and of docs/report.md from a finished demo: `python docs/pictures.py` in the root of
the repository.

Needs `make demo` to have run, matplotlib and Playwright (in the extra `dev`), Graphviz's `dot` and Chromium. The
pictures go to docs/images. Every page of the report, on a desktop, on a phone and in dark colours, goes to
results/pages: to be looked at after a change of the page.
"""

import re
import shutil
import subprocess
from pathlib import Path

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np
from matplotlib.colors import ListedColormap
from playwright.sync_api import Browser, sync_playwright

from challengeflow.arrays import Arrays, Predictions

RESULTS, IMAGES = Path("results"), Path("docs/images")
PASSES = {  # what a rule hands on, as in the file targets
    "archive": "archive",
    "index": "samples.csv",
    "download": "raw shard",
    "preprocess": "prepared shard",
    "train": "fold model",
    "predict": "predictions",
    "control": "predictions",
    "score": "scores, decision",
    "draw": "pictures",
    "package": "submission",
}
COLOURS = {"download": "#dbe9f6", "model": "#fde3c8", "result": "#d9f0d3"}
KINDS = {"archive": "download", "index": "download", "download": "download", "preprocess": "download"} | dict.fromkeys(
    ("train", "predict", "control"), "model"
)


def draw_dag() -> None:
    """The rules of the shipped config, as Snakemake connects them, with what passes along each edge."""
    found = subprocess.run(["snakemake", "--rulegraph"], capture_output=True, text=True, check=True).stdout
    rules = dict(re.findall(r'(\d+)\[label = "([\w-]+)"', found))
    edges = [(rules[a], rules[b]) for a, b in re.findall(r"(\d+) -> (\d+)", found)]
    challenges = sorted(
        {name for name in rules.values() if name not in PASSES and name not in ("all", "leaderboard", "report")}
    )
    lines = ["digraph { rankdir=LR; nodesep=0.25; ranksep=0.4; bgcolor=white;"]
    lines.append('node [shape=box, style="rounded,filled", fontname="DejaVu Sans", fontsize=17, penwidth=0.8];')
    lines.append('edge [fontname="DejaVu Sans", fontsize=14, color="#777777", fontcolor="#444444", arrowsize=0.7];')
    for rule in sorted(set(rules.values()) - set(challenges) - {"all", "leaderboard"}):
        lines.append(f'"{rule}" [fillcolor="{COLOURS[KINDS.get(rule, "result")]}"];')
    for a, b in sorted(set(edges)):
        if "all" in (a, b) or b in challenges or b == "leaderboard":  # the report has it and more
            continue
        what = "gold" if a == "preprocess" and b in ("control", "score", "draw") else PASSES[a]
        lines.append(f'"{a}" -> "{b}" [label="{what}"];')
    lines.append("}")
    target = IMAGES / "dag.png"
    subprocess.run(["dot", "-Tpng", "-Gdpi=110", "-o", str(target)], input="\n".join(lines), text=True, check=True)


def show_vessel(axes: list) -> None:
    """The surest stalled and the surest flowing vessel of the test split: mean image and motion inside the outline."""
    home = RESULTS / "clog-loss/nano"
    prepared, gold, scores = {}, {}, {}
    for shard in sorted((home / "prepared").glob("test-*[0-9]")):
        prepared |= {i: Arrays(shard)[i] for i in Arrays(shard).ok()}
        gold |= {i: float(v[0]) for i, v in Predictions(home / "gold" / shard.name).items()}
        predicted = Predictions(home / "roi-features/predictions/nano" / shard.name)
        scores |= {i: float(v[0]) for i, v in predicted.items()}
    for axis, truth, pick in zip(axes, (1, 0), (max, min), strict=True):
        sample = pick((i for i in prepared if gold[i] == truth), key=scores.get)
        cube, mask = prepared[sample]["cube"].astype(float), prepared[sample]["mask"]
        axis.imshow(np.hstack([cube.mean(0), cube.std(0) * 255 / 40]), cmap="gray", vmin=0, vmax=255)
        for shift in (0, mask.shape[1]):
            columns = np.arange(mask.shape[1]) + shift
            axis.contour(columns, np.arange(mask.shape[0]), mask, [0.5], colors="#ff6600", linewidths=1)
        axis.set_title(f"{'stalled' if truth else 'flowing'}: P(stalled) = {scores[sample]:.2f}", fontsize=9)
        axis.set_xlabel("mean frame     |     deviation in time", fontsize=8)


def show_behaviour(axis) -> None:
    """Truth and prediction of one test sequence, frame by frame."""
    home = RESULTS / "mabe-task1/task1"
    prepared, gold = Arrays(home / "prepared/test-000"), Predictions(home / "gold/test-000")
    scores = Predictions(home / "pose-boosting/predictions/task1/test-000")
    sample = max(prepared.ok(), key=lambda i: len(set(gold[i].argmax(1))))
    details = prepared.attributes(sample)
    names, seconds = details["vocabulary"], len(gold[sample]) / details["fps"]
    rows = np.stack([gold[sample].argmax(1), scores[sample].argmax(1)])
    colours = ["#d62728", "#1f77b4", "#9467bd", "#eeeeee"][: len(names)]
    axis.imshow(
        rows,
        aspect="auto",
        cmap=ListedColormap(colours),
        vmin=-0.5,
        vmax=len(names) - 0.5,
        extent=(0, seconds, 2, 0),
        interpolation="nearest",
    )
    axis.set_yticks([0.5, 1.5], ["truth", "prediction"])
    axis.set_xlabel("seconds", fontsize=8)
    handles = [plt.Rectangle((0, 0), 1, 1, color=colour) for colour in colours]
    axis.legend(
        handles, names, ncols=len(names), fontsize=8, loc="lower center", bbox_to_anchor=(0.5, 1), frameon=False
    )


def show_anomaly(axes: list) -> None:
    """The toy brain with the largest anomaly: the scan, and the pixel scores over it; the made anomaly is outlined."""
    home = RESULTS / "mood/brain"
    prepared, gold = Arrays(home / "prepared/test-000"), Predictions(home / "gold/test-000")
    scores = Predictions(home / "pca-residual/predictions/brain/test-000")

    def on_grid(sample: str) -> np.ndarray:
        mapping = prepared.attributes(sample)["mapping"]
        at = [
            np.round(s + d * np.arange(mapping["grid"])) for s, d in zip(mapping["start"], mapping["step"], strict=True)
        ]
        at = [np.clip(a.astype(int), 0, n - 1) for a, n in zip(at, gold[sample].shape, strict=True)]
        return gold[sample][np.ix_(*at)]

    sample = max(prepared.ok(), key=lambda i: np.count_nonzero(gold[i]))
    truth = on_grid(sample)
    level = int(np.count_nonzero(truth, axis=(0, 1)).argmax())
    scan = prepared[sample]["volume"][..., level].astype(float).T
    heat = scores[sample][0, ..., level].astype(float).T
    for axis, title in zip(axes, ("scan, anomaly outlined", "pixel scores"), strict=True):
        axis.imshow(scan, cmap="gray", origin="lower")
        axis.set_title(title, fontsize=9)
    axes[0].contour(truth[..., level].T, [0.5], colors="#00b050", linewidths=1.2)
    axes[1].imshow(heat, cmap="inferno", origin="lower", alpha=0.65)
    axes[1].contour(truth[..., level].T, [0.5], colors="#00b050", linewidths=1.2)


def draw_results() -> None:
    """One result of each challenge, side by side."""
    figure = plt.figure(figsize=(11, 5.2), layout="constrained")
    grid = figure.add_gridspec(2, 4, height_ratios=[2, 1])
    top = [figure.add_subplot(grid[0, column]) for column in range(4)]
    show_vessel(top[:2])
    show_anomaly(top[2:])
    bottom = figure.add_subplot(grid[1, :])
    show_behaviour(bottom)
    for axis in top:
        axis.set_xticks([])
        axis.set_yticks([])
    top[0].set_ylabel("clog-loss", fontsize=11)
    top[2].set_ylabel("mood", fontsize=11)
    bottom.set_ylabel("mabe-task1", fontsize=11)
    figure.savefig(IMAGES / "results.png", dpi=110, metadata={"Software": None})


PAGES = RESULTS / "pages"
KINDS = {  # size and colours
    "desktop": ((1280, 820), "light"),
    "phone": ((390, 820), "light"),
    "dark": ((1280, 820), "dark"),
}
SHOTS = {  # name: page of the report, size, colours, where to scroll to
    "report-front": ("overview", (1280, 1000), "light", None),
    "report-leaderboard": ("leaderboard", (1280, 820), "light", None),
    "report-model": ("mood/brain/pca-residual", (1280, 820), "dark", ".gallery"),
    "report-phone": ("overview", (390, 820), "light", None),
    "report-phone-model": ("clog-loss/nano/roi-features", (390, 820), "dark", None),
}
DECODED = """Promise.all([...document.querySelectorAll("section.shown img")].map((image) => {
    image.loading = "eager";
    return image.decode();
}))"""


def photograph_report(browser: Browser) -> None:
    """What docs show of results/report.html."""
    for name, (address, (width, height), colours, target) in SHOTS.items():
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
        page.goto((RESULTS / "report.html").resolve().as_uri() + f"#{address}")
        page.evaluate(DECODED)
        if target is not None:
            found = page.locator(f"section.shown {target}").first
            found.evaluate("element => scrollTo(0, element.getBoundingClientRect().top + scrollY - 70)")
        page.wait_for_timeout(500)
        page.screenshot(path=IMAGES / f"{name}.png")
        page.close()


def photograph_pages(browser: Browser) -> None:
    """Every page, whole, of every kind."""
    PAGES.mkdir(exist_ok=True)
    for kind, ((width, height), colours) in KINDS.items():
        page = browser.new_page(viewport={"width": width, "height": height}, color_scheme=colours)
        page.goto((RESULTS / "report.html").resolve().as_uri())
        for name in page.eval_on_selector_all(".page", "pages => pages.map(page => page.id)"):
            page.evaluate("name => { location.hash = name }", name)
            page.wait_for_timeout(300)
            page.evaluate(DECODED)
            page.screenshot(path=PAGES / f"{name.replace('/', '_')}-{kind}.png", full_page=True)
        page.close()


if __name__ == "__main__":
    IMAGES.mkdir(parents=True, exist_ok=True)
    draw_dag()
    draw_results()
    with sync_playwright() as driver:
        chromium = driver.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        photograph_report(chromium)
        photograph_pages(chromium)
        chromium.close()
