# One model a fold, which never sees that fold; fold "all" is the refit. Or it comes out of a model package.


rule train:
    input:
        RUN.inputs("train", checkpoints),
    output:
        directory(PATHS.model("{dataset}", "{model}", "{fold}")),
    log:
        PATHS.log("train", "{dataset}", "{model}", "fold-{fold}"),
    benchmark:
        PATHS.benchmark("train", "{dataset}", "{model}", "fold-{fold}")
    wildcard_constraints:
        model=RUN.names("trained"),
    conda:
        RUN.env("train")
    threads: RUN.threads("train")
    resources:
        mem_mb=RUN.need("train", "mem_mb"),
        runtime=RUN.need("train", "runtime"),
        gpu=RUN.need("train", "gpu"),
    params:
        config=RUN.part("train"),
        code=RUN.code("train"),
    shell:
        "challengeflow train {wildcards.challenge}/{wildcards.dataset} {wildcards.model} {wildcards.fold}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


use rule train as unpack with:
    wildcard_constraints:
        dataset=RUN.names("without data"),
        model=RUN.names("trained"),


ruleorder: unpack > train
