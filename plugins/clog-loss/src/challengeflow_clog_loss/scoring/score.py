"""The stage `score`: the challenge's MCC of each split, that at the test set's prevalence, and what it rests on."""

from typing import Any

import numpy as np

from challengeflow import ScoreJob
from challengeflow.scoring import average_precision, bootstrap, bootstrap_interval, by_group, roc_auc, write_json
from challengeflow_clog_loss.scoring import calibration, decision_fit
from challengeflow_clog_loss.scoring.matthews import confusion, fit_threshold, mcc, mcc_at
from challengeflow_clog_loss.scoring.scored_videos import Videos, read_videos


def score(job: ScoreJob) -> None:
    """Fit the decision on the train split, out of fold, and score each split with it; train itself is cross-fitted."""
    splits = {split: read_videos(job.shards, split) for split in dict.fromkeys(shard.split for shard in job.shards)}
    decision = decision_fit.fit(splits.get("train"), job.parameters)
    scores = {}
    for split, videos in splits.items():
        if not len(videos.samples):
            continue
        if split == "train":
            scores[split] = _score_train(videos, decision, job)
        else:
            scores[split] = _score(videos, videos.chance >= decision["threshold"], decision, job.seed)
    write_json(job.scores, scores)
    write_json(job.decision, decision)


def _score(videos: Videos, answers: np.ndarray, decision: dict[str, Any], seed: int) -> dict[str, Any]:
    """The plain score of a split, and at the target prevalence."""
    stalled, groups, target = videos.stalled, videos.groups, decision["target_prevalence"]
    tp, fp, fn, tn = confusion(stalled, answers)
    detail: dict[str, Any] = {
        "confusion": {"true_positive": tp, "false_positive": fp, "false_negative": fn, "true_negative": tn},
        "videos": len(answers),
        "answered_stalled": float(answers.mean()),
    }
    if 0 < stalled.sum() < len(stalled):
        detail |= _ranking(videos)
        if target:
            detail["target_prevalence"] = target
            detail["mcc_at_target_prevalence"] = mcc_at(stalled, answers, target)
            detail["mcc_at_target_interval"] = bootstrap_interval(
                groups, lambda drawn: mcc_at(stalled[drawn], answers[drawn], target), seed=seed
            )
    resampled = bootstrap(groups, lambda drawn: mcc(*confusion(stalled[drawn], answers[drawn])))
    return {"score": mcc(tp, fp, fn, tn), "detail": detail} | resampled


def _score_train(videos: Videos, decision: dict[str, Any], job: ScoreJob) -> dict[str, Any]:
    """Of the train split also: calibration, thresholds, tier-1 videos apart, projects, and whether they were learnt."""
    target = decision["target_prevalence"]
    answers = videos.cross_fitted(
        lambda stalled, chance: fit_threshold(stalled, chance, target), lambda threshold, chance: chance >= threshold
    ).astype(bool)
    score = _score(videos, answers, decision, job.seed)
    detail = score["detail"]
    detail["target_prevalence"] = target  # of one class too, where nothing else is told of it
    share = _share_at(videos.stalled, answers, target)
    detail["answered_stalled_at_target"] = share
    low, high = decision["plausible_share"]
    if not low <= share <= high:
        detail["warnings"] = [
            f"at the target prevalence {target:g} a share {share:.3f} would be answered stalled, "
            f"outside {low:g} to {high:g}"
        ]
        job.progress.message(detail["warnings"][0])
    probability = videos.cross_fitted(
        lambda stalled, chance: calibration.fit(stalled, chance, target), lambda line, chance: line(chance)
    )
    detail["calibration"] = calibration.reliability(videos.stalled, probability, target)
    detail["thresholds"] = decision["thresholds"]
    detail["chosen_threshold"] = decision["chosen"]
    detail["by_project"] = _by_project(videos, answers)
    detail["project_appearance"] = _project_appearance(videos)
    if not videos.tier1.all():
        detail["tier1"] = _ranking(videos.only(videos.tier1)) | {
            "videos": int(videos.tier1.sum()),
            "mcc_at_target_prevalence": mcc_at(videos.stalled[videos.tier1], answers[videos.tier1], target),
        }
    return score


def _share_at(stalled: np.ndarray, answers: np.ndarray, prevalence: float) -> float:
    """Share of the videos answered stalled where a `prevalence` of them is."""
    shares = [float(answers[own].mean()) if own.any() else 0.0 for own in (stalled, ~stalled)]
    return prevalence * shares[0] + (1 - prevalence) * shares[1]


def _ranking(videos: Videos) -> dict[str, Any]:
    """Area under the ROC curve and average precision; nothing where there is one class."""
    if not 0 < videos.stalled.sum() < len(videos.stalled):
        return {}
    return {
        "roc_auc": roc_auc(videos.stalled, videos.chance),
        "average_precision": average_precision(videos.stalled, videos.chance),
    }


def _by_project(videos: Videos, answers: np.ndarray) -> dict[str, dict[str, Any]]:
    rows = {}
    for group, own in by_group(videos.groups).items():
        rows[group] = {
            "videos": len(own),
            "stalled": int(videos.stalled[own].sum()),
            "mcc": mcc(*confusion(videos.stalled[own], answers[own])),
        } | _ranking(videos.only(own))
    return rows


def _project_appearance(videos: Videos) -> dict[str, float]:
    """Whether scores follow the look of a project: the AUC of pairs of one project, and of projects' mean scores alone.

    A model that has learnt what stalled vessels look like ranks pairs within a project as well as any pair; one that
    has learnt which projects have many ranks them worse, and its projects' means alone rank videos better than 0.5.
    """
    stalled, groups = videos.stalled, videos.groups
    means, within, pairs = np.zeros(len(stalled)), 0.0, 0
    for own in by_group(groups).values():  # sorted: sums in another order differ in their last bits
        means[own] = videos.chance[own].mean()
        count = int(stalled[own].sum()) * int((~stalled[own]).sum())
        if count:
            within += count * roc_auc(stalled[own], videos.chance[own])
            pairs += count
    if not pairs:
        return {}
    return {"auc_within_projects": within / pairs, "auc_of_project_means": roc_auc(stalled, means)}
