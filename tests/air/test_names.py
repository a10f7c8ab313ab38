"""The public names of the toolkit, and what importing it costs."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

from shoal import air

pytestmark = pytest.mark.air
HEAVY = {"ray", "pandas", "numpy", "pyarrow", "xgboost", "lightgbm", "sklearn", "optuna", "skops"}


def test_importing_the_toolkit_imports_none_of_what_it_is_made_of() -> None:
    code = "import sys\nfrom shoal import air\nprint(*sys.modules)"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert not set(ended.stdout.split()) & HEAVY


@pytest.mark.parametrize("name", air.__all__)
def test_a_public_name_leads_to_what_it_names(name: str) -> None:
    assert getattr(air, name).__name__ == name


def test_what_type_checkers_see_is_what_there_is() -> None:
    tree = ast.parse(Path(str(air.__file__)).read_text())
    block = next(node for node in tree.body if isinstance(node, ast.If))
    seen = {alias.name for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert seen == {name for names in air.HOMES.values() for name in names}


def test_an_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no attribute 'Trainr'"):
        air.Trainr  # noqa: B018
