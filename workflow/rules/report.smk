# Pictures of what is scored, where a challenge's plugin draws, and all scores of the run in one table.


rule draw:
    input:
        RUN.inputs("draw", checkpoints),
    output:
        report(
            directory(PATHS.pictures("{dataset}", "{model}")),
            patterns=["{picture}.png", "{picture}.svg"],
            caption="../report/pictures.rst",
            category="{challenge}",
            subcategory="{dataset}",
            labels={"model": "{model}", "what": "{picture}"},
        ),
    log:
        PATHS.log("draw", "{dataset}", "{model}"),
    benchmark:
        PATHS.benchmark("draw", "{dataset}", "{model}")
    wildcard_constraints:
        model="|".join(RUN.names(kind) for kind in ("trained", "ensemble")),
    conda:
        RUN.env("draw")
    threads: RUN.threads("draw")
    resources:
        mem_mb=RUN.need("draw", "mem_mb"),
        runtime=RUN.need("draw", "runtime"),
    params:
        config=RUN.part("draw"),
        code=RUN.code("draw"),
    shell:
        "challengeflow draw {wildcards.challenge}/{wildcards.dataset} {wildcards.model}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


rule leaderboard:
    input:
        scores=RUN.gathered(RUN.scores(), checkpoints),
        submissions=RUN.submissions(),
    output:
        csv=report(
            dag.layout.leaderboard(RUN.settings.results, "csv"),
            caption="../report/leaderboard.rst",
            category="run",
            labels={"what": "leaderboard (table)"},
        ),
        html=report(
            dag.layout.leaderboard(RUN.settings.results, "html"),
            caption="../report/leaderboard.rst",
            category="run",
            labels={"what": "leaderboard"},
        ),
    log:
        f"{RUN.settings.results}/logs/leaderboard.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        config=RUN.board,
    shell:
        "challengeflow leaderboard --config {params.config:q} > {log:q} 2>&1"


# Everything about the run on one page that needs nothing else.
rule report:
    input:
        scores=RUN.gathered(RUN.scores(), checkpoints),
        submissions=RUN.submissions(),
        pictures=RUN.pictures(),
    output:
        report(
            dag.layout.report(RUN.settings.results),
            caption="../report/report.rst",
            category="run",
            labels={"what": "report"},
        ),
    log:
        f"{RUN.settings.results}/logs/report.log",
    localrule: True
    conda:
        "../../envs/core.yaml"
    params:
        config=RUN.subject,
    shell:
        "challengeflow report --config {params.config:q} > {log:q} 2>&1"
