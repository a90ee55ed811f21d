# Raw data: archives that shards share, the sample table with folds and shards, the raw files of each shard.


rule archive:
    input:
        RUN.inputs("archive", checkpoints),
    output:
        directory(PATHS.archive("{dataset}", "{archive}")),
    log:
        PATHS.log("archive", "{dataset}", "{archive}"),
    benchmark:
        PATHS.benchmark("archive", "{dataset}", "{archive}")
    conda:
        RUN.env("archive")
    threads: RUN.threads("archive")
    resources:
        mem_mb=RUN.need("archive", "mem_mb"),
        runtime=RUN.need("archive", "runtime"),
    params:
        config=RUN.part("archive"),
    shell:
        "challengeflow download {wildcards.challenge}/{wildcards.dataset} archive:{wildcards.archive}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


rule index:
    input:
        RUN.inputs("index", checkpoints),
    output:
        PATHS.samples("{dataset}"),
        directory(PATHS.shards("{dataset}")),
        directory(PATHS.index_gold("{dataset}")),
    log:
        PATHS.log("index", "{dataset}"),
    benchmark:
        PATHS.benchmark("index", "{dataset}")
    wildcard_constraints:
        challenge=RUN.reading(own=False),
    conda:
        RUN.env("index")
    threads: RUN.threads("index")
    resources:
        mem_mb=RUN.need("index", "mem_mb"),
        runtime=RUN.need("index", "runtime"),
    params:
        config=RUN.part("index"),
    shell:
        "challengeflow download {wildcards.challenge}/{wildcards.dataset} index"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


# Own data may change: once their table is there, what depends on it is looked at anew. Only where there are some, for
# with a checkpoint Snakemake takes --allowed-rules otherwise.
if RUN.has_own_data:

    checkpoint own_index:
        input:
            RUN.inputs("index", checkpoints),
        output:
            PATHS.samples("{dataset}"),
            directory(PATHS.shards("{dataset}")),
            directory(PATHS.index_gold("{dataset}")),
        log:
            PATHS.log("index", "{dataset}"),
        benchmark:
            PATHS.benchmark("index", "{dataset}")
        wildcard_constraints:
            challenge=RUN.reading(own=True),
        # First of all: Snakemake removes no raw shard before all checkpoints are done.
        priority: 20
        conda:
            RUN.env("index")
        threads: RUN.threads("index")
        resources:
            mem_mb=RUN.need("index", "mem_mb"),
            runtime=RUN.need("index", "runtime"),
        params:
            config=RUN.part("index"),
            files=RUN.listing,
        shell:
            "challengeflow download {wildcards.challenge}/{wildcards.dataset} index"
            " --config {params.config:q} --threads {threads} > {log:q} 2>&1"


rule download:
    input:
        RUN.inputs("download", checkpoints),
        window=ancient(RUN.window),
    output:
        (directory if RUN.settings.keep_raw else lambda path: temp(directory(path)))(
            PATHS.raw("{dataset}", "{shard}")
        ),
    log:
        PATHS.log("download", "{dataset}", "{shard}"),
    benchmark:
        PATHS.benchmark("download", "{dataset}", "{shard}")
    conda:
        RUN.env("download")
    threads: RUN.threads("download")
    resources:
        mem_mb=RUN.need("download", "mem_mb"),
        runtime=RUN.need("download", "runtime"),
    params:
        config=RUN.part("download"),
    shell:
        "challengeflow download {wildcards.challenge}/{wildcards.dataset} {wildcards.shard}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
