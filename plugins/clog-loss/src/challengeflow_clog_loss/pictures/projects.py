"""Ranking by project, beside that of all: a project that stands out may have been learnt, or be worse to see."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from challengeflow_clog_loss.pictures import canvas


def draw(path: Path, detail: Mapping[str, Any]) -> None:
    """Bars of the AUC of each project with both classes; lines at that of all videos and of pairs within projects."""
    known = {name: row for name, row in detail["by_project"].items() if "roc_auc" in row}
    figure = canvas.new_figure(6.5, 3)
    axis = figure.subplots()
    axis.bar(list(known), [row["roc_auc"] for row in known.values()], color="#4f7396")
    for place, row in enumerate(known.values()):
        axis.text(
            place, 0.02, f"{row['stalled']}\nof {row['videos']}", ha="center", va="bottom", fontsize=canvas.POINTS
        )
    axis.axhline(detail["roc_auc"], color=canvas.WRITING, linewidth=1, label="all videos")
    within = detail["project_appearance"].get("auc_within_projects")
    if within is not None:
        axis.axhline(within, color=canvas.STALLED, linewidth=1, linestyle="--", label="pairs within a project")
    axis.set(xlabel="project (stalled of all videos)", ylabel="area under the curve", ylim=(0, 1.02))
    axis.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, fontsize=canvas.POINTS, frameon=False)
    figure.tight_layout()
    canvas.save(figure, path)
