# `snakemake digits_groups`: how many images each writer has, from the sample table.


rule groups:
    input:
        config["results"] + "/digits/few/index/samples.csv",
    output:
        config["results"] + "/digits/few/groups.txt",
    localrule: True
    shell:
        "tail -n +2 {input:q} | cut -d , -f 3 | sort | uniq -c > {output:q}"
