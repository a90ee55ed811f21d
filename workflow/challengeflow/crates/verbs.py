"""The verbs of the command about crates, `export` and `verify`: their arguments, and what they call."""

import argparse
import sys
from pathlib import Path
from typing import Any


def add(verbs: Any) -> None:
    """Add the parsers of both."""
    export = verbs.add_parser("export", help="archive a submission with all that is needed to make it again (RO-Crate)")
    export.add_argument("folder", help="results/CHALLENGE/submissions/KIND/NAME")
    export.add_argument("--to", metavar="FILE", help="the archive; CHALLENGE-KIND-NAME.crate.zip without it")
    export.add_argument(
        "--models", action="store_true", help="with the models that answer, so that none is trained again"
    )
    export.add_argument("--config", default="config.yaml", help="config by which a stale submission is told")
    export.set_defaults(run=_export)
    verify = verbs.add_parser(
        "verify", help="make a crate's submission again: which files are identical", epilog=VERIFY
    )
    verify.add_argument("crate", help="the archive that export wrote")
    verify.add_argument("--from-data", action="store_true", help="everything again, though the crate holds the models")
    verify.add_argument("--data", metavar="DIR", help="the folder with what the crate's config calls `data`")
    verify.add_argument("--to", metavar="DIR", help="where it is made; a folder named after the crate without it")
    verify.set_defaults(run=_verify)


VERIFY = "What follows `--` is handed on to snakemake as it is: challengeflow verify CRATE -- --cores 4"


def _export(options: argparse.Namespace) -> None:
    from challengeflow.crates.export import export
    from challengeflow.planning.plugins import registry
    from challengeflow.reporting.verbs import stale_paths

    old = stale_paths(options.config)
    print(export(Path(options.folder), options.to and Path(options.to), registry(), old, options.models))


def _verify(options: argparse.Namespace) -> None:
    from challengeflow.crates.verify import verify
    from challengeflow.planning.plugins import registry

    same = verify(
        Path(options.crate),
        registry(),
        from_data=options.from_data,
        data=options.data and Path(options.data),
        to=options.to and Path(options.to),
        words=options.behind,
    )
    if not same:
        sys.exit(1)
