# The submission, checked as its organisers would.


rule package:
    input:
        RUN.inputs("package", checkpoints),
    output:
        # Of the files those that a browser shows: a submission may hold gigabytes.
        report(
            directory(PATHS.submission("{submission}", "{name}")),
            patterns=["{file}.csv", "{file}.txt", "{file}.json"],
            caption="../report/submission.rst",
            category="{challenge}",
            subcategory="submissions",
            labels={"submission": "{name}", "what": "{file}"},
        ),
    log:
        PATHS.log("package", "{submission}", "{name}"),
    benchmark:
        PATHS.benchmark("package", "{submission}", "{name}")
    conda:
        RUN.env("package")
    threads: RUN.threads("package")
    resources:
        mem_mb=RUN.need("package", "mem_mb"),
        runtime=RUN.need("package", "runtime"),
    params:
        config=RUN.part("package"),
        code=RUN.code("package"),
    shell:
        "challengeflow package {wildcards.challenge} {wildcards.submission} {wildcards.name}"
        " --config {params.config:q} --threads {threads} > {log:q} 2>&1"
