# Out-of-fold predictions against gold: the official score, and the decision that turns scores into answers.


rule score:
    input:
        RUN.inputs("score", checkpoints),
    output:
        report(
            PATHS.scores("{dataset}", "{model}"),
            caption="../report/scores.rst",
            category="{challenge}",
            subcategory="{dataset}",
            labels={"model": "{model}", "what": "scores"},
        ),
        report(
            PATHS.decision("{dataset}", "{model}"),
            caption="../report/scores.rst",
            category="{challenge}",
            subcategory="{dataset}",
            labels={"model": "{model}", "what": "decision"},
        ),
    log:
        PATHS.log("score", "{dataset}", "{model}"),
    benchmark:
        PATHS.benchmark("score", "{dataset}", "{model}")
    conda:
        RUN.env("score")
    threads: RUN.threads("score")
    resources:
        mem_mb=RUN.need("score", "mem_mb"),
        runtime=RUN.need("score", "runtime"),
    params:
        config=RUN.part("score"),
        code=RUN.code("score"),
    shell:
        "challengeflow score {wildcards.challenge}/{wildcards.dataset} {wildcards.model}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


# Scores and decision of models that come out of a package, from there too.
use rule score as unpack_scores with:
    wildcard_constraints:
        dataset=RUN.names("without data"),


ruleorder: unpack_scores > score
