"""What a module imports, and what of that counts in a fingerprint."""

import ast
import sys
from pathlib import Path

import pytest

from challengeflow.imports import followed, imported, imported_by, module_file, parsed
from challengeflow.planning import fingerprint

FILES = {
    "__init__.py": "from inner_house.rooms.kitchen import cook\n",
    "rooms/__init__.py": "from . import kitchen\nfrom .cellar import wine as red\n",
    "rooms/kitchen.py": "from ..tools import knife\n\n\ndef cook():\n    from . import cellar\n",
    "rooms/cellar.py": "from typing import TYPE_CHECKING\n\n"
    "if TYPE_CHECKING:\n    import inner_house.unused\nwine = 1\n",
    "tools.py": "knife = 1\n",
    "unused.py": "",
}


@pytest.fixture
def house(tmp_path, monkeypatch) -> Path:
    """A package of rooms, and nothing remembered of another test's."""
    for name, text in FILES.items():
        path = tmp_path / "inner_house" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    monkeypatch.syspath_prepend(str(tmp_path))
    remembered = (module_file, parsed, imported_by, fingerprint._of_modules, fingerprint._of_hook, fingerprint._dumped)
    for cache in remembered:
        cache.cache_clear()
    yield tmp_path / "inner_house"
    for cache in remembered:
        cache.cache_clear()
    sys.modules.pop("inner_house", None)


def of(module: str) -> set[str]:
    return set(imported(parsed(module), module))


def test_one_dot_in_a_package_is_the_package_itself(house):
    assert of("inner_house.rooms") == {"inner_house.rooms.kitchen", "inner_house.rooms.cellar"}
    assert of("inner_house.rooms.kitchen") == {"inner_house.tools", "inner_house.rooms.cellar"}


def test_a_name_that_is_handed_on_leads_to_where_it_is_defined(house):
    tree = ast.parse("from inner_house import cook\nfrom inner_house.rooms import red")
    assert set(imported(tree, "elsewhere")) == {"inner_house.rooms.kitchen", "inner_house.rooms.cellar"}


def test_imports_of_type_checkers_do_not_count(house):
    assert followed(["inner_house.rooms.kitchen"], {"inner_house"}) == [
        "inner_house.rooms.cellar",
        "inner_house.rooms.kitchen",
        "inner_house.tools",
    ]


def digest(house: Path, name: str, text: str) -> str:
    """The fingerprint of the kitchen once a file of the house says something else."""
    (house / name).write_text(text)
    for cache in (module_file, parsed, imported_by, fingerprint._of_modules, fingerprint._dumped):
        cache.cache_clear()
    return fingerprint._of_modules(("inner_house.rooms.kitchen",), "inner_house")


def test_comments_docstrings_and_layout_do_not_count_and_code_does(house):
    before = digest(house, "tools.py", FILES["tools.py"])
    assert digest(house, "tools.py", '"""Sharp things."""\n\n# bought new\nknife = (1)\n') == before
    assert digest(house, "tools.py", 'def cut():\n    """Cut."""\n    return 1\n') != before
    cut = digest(house, "tools.py", 'def cut():\n    """Cut."""\n    return 1\n')
    assert digest(house, "tools.py", 'def cut():\n    """Cut it."""\n    return 1\n') == cut
    assert digest(house, "tools.py", "def cut():\n    return 2\n") != cut
    assert digest(house, "tools.py", FILES["tools.py"]) == before
    assert digest(house, "unused.py", "x = 1\n") == before


def test_a_hook_counts_with_what_it_uses_of_its_module(house):
    """Not with the declarations that stand beside it."""

    def of_hook(text: str) -> str:
        (house / "hooks.py").write_text(text)
        for cache in (module_file, parsed, imported_by, fingerprint._of_hook, fingerprint._dumped):
            cache.cache_clear()
        return fingerprint._of_hook("inner_house.hooks", "score", "inner_house", ())

    text = "SUMMARY = 'a'\nLIMIT = 1\n\n\ndef below(x):\n    return x < LIMIT\n\n\n"
    text += "def score(job):\n    return below(job)\n"
    before = of_hook(text)
    assert of_hook(text.replace("'a'", "'b'")) == before
    assert of_hook(text.replace("LIMIT = 1", "LIMIT = 2")) != before


def test_docstrings_do_not_count_and_stay_in_the_tree_that_others_share(house):
    (house / "tools.py").write_text('"""What cuts."""\n\n\ndef knife():\n    """Sharp."""\n    return 1\n')
    with_docstrings = fingerprint._dumped("inner_house.tools")
    assert ast.get_docstring(parsed("inner_house.tools")) == "What cuts."
    assert ast.get_docstring(parsed("inner_house.tools").body[-1]) == "Sharp."
    assert with_docstrings == ast.dump(ast.parse("def knife():\n    return 1\n"))
