"""The workflow becomes part of the wheel: what lies outside the package goes into it as challengeflow/shipped/, in the
same tree.

An editable install needs no copy: `challengeflow.planning.shipped` finds the clone.
"""

from pathlib import Path

from setuptools import setup
from setuptools.command.build_py import build_py

HERE = Path(__file__).parent
WORKFLOW = (
    *("Snakefile", "workflow/Snakefile", "workflow/rules/*.smk", "workflow/report/*.rst"),
    *("config.yaml", "envs/*.yaml", "profiles/*/config.yaml", "examples/*.yaml"),
)


class BuildWithWorkflow(build_py):
    """build_py, with the files of WORKFLOW as data of the package."""

    def run(self) -> None:
        super().run()
        if self.editable_mode:
            return
        for target, source in self._workflow().items():
            self.mkpath(str(Path(target).parent))
            self.copy_file(source, target)

    def get_source_files(self) -> list[str]:
        """For the sdist, from which a wheel can be built as well."""
        return super().get_source_files() + list(self._workflow().values())

    def get_output_mapping(self) -> dict[str, str]:
        return super().get_output_mapping() | ({} if self.editable_mode else self._workflow())

    def _workflow(self) -> dict[str, str]:
        """Where each file goes -> where it is, relative to this folder."""
        files = [path.relative_to(HERE) for pattern in WORKFLOW for path in sorted(HERE.glob(pattern))]
        return {str(Path(self.build_lib, "challengeflow/shipped", file)): str(file) for file in files}


setup(cmdclass={"build_py": BuildWithWorkflow})
