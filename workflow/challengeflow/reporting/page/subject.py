"""What a report is about, as plain data: the job that writes it may run where no plugin is installed."""

from typing import Any

from challengeflow.contract.declare import Challenge
from challengeflow.planning.job_list import Jobs
from challengeflow.planning.plan import Plan
from challengeflow.planning.plugins import Registry
from challengeflow.planning.settings import Settings, as_json


def subject(settings: Settings, registry: Registry) -> dict[str, Any]:
    """The settings as JSON, with an `about` in each challenge (title, address, metric, licence, citation, its models'
    summaries) and the benchmarks of its list of jobs."""
    challenges: dict[str, Any] = {}
    for name, entry in settings.challenges.items():
        declared = registry.challenge(name)
        summaries = {model: m.summary for (challenge, model), m in registry.models.items() if challenge == name}
        about = {key: getattr(declared, key) for key in ("title", "url", "licence", "citation")}
        about |= {"metric": declared.metric.name, "metric_is": declared.metric.description}
        about |= {"chance": declared.metric.chance, "best": declared.metric.best}
        about |= {"direction": declared.metric.direction, "draws": registry.draws(name)}
        about |= {"datasets": {dataset.name: dataset.summary for dataset in declared.datasets}, "models": summaries}
        about |= {"terms": _terms(declared), "parameters": _parameters(name, registry)}
        about["submissions"] = {
            each.name: {"summary": each.summary, "file": each.file, "table": each.table}
            for each in declared.submissions
        }
        jobs = Jobs(Plan(name, entry), registry)
        benchmarks = [[job.stage, job.dataset, job.variant or "", job.benchmark] for job in jobs]
        challenges[name] = {**as_json(entry), "about": about, "benchmarks": benchmarks}
    return {"results": settings.results, "challenges": challenges}


def _terms(declared: Challenge) -> dict[str, str]:
    """The words of a challenge with their meanings: its metrics, and what it explains."""
    metrics = {each.name: each.description for each in (declared.metric, *declared.further_metrics)}
    return metrics | dict(declared.terms)


def _parameters(challenge: str, registry: Registry) -> dict[str, dict[str, str]]:
    """Model -> parameter -> what it is."""
    return {
        model: {name: str(schema.get("description", "")) for name, schema in declared.parameters.items()}
        for (owner, model), declared in registry.models.items()
        if owner == challenge
    }
