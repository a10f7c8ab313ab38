"""The start-up budget, counted in imported modules: a count is the same on every machine, a time isn't."""

import json
import subprocess
import sys

import pytest

NEEDS_RAY = {"ray", "aiohttp", "grpc", "requests", "numpy"}
HEAVY = NEEDS_RAY | {"asyncio", "yaml", "ssl", "multiprocessing", "importlib.metadata"}
REPORT = "\nimport json, sys; print('\\n' + json.dumps(sorted(sys.modules)))"
AS_COMMAND = """
import sys
from shoal.cli.main import main
sys.argv = ["shoal", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
"""


def imported_by(code: str) -> set[str]:
    """The modules that ``code`` imports beyond those of a bare interpreter."""
    ended = subprocess.run([sys.executable, "-c", code + REPORT], capture_output=True, text=True, check=True)
    names = set(json.loads(ended.stdout.splitlines()[-1]))
    return names if not code else names - imported_by("")


def test_heavy_names_are_importable_so_that_watching_for_them_means_something() -> None:
    assert "asyncio" in imported_by("import asyncio")


def test_importing_the_library_costs_next_to_nothing() -> None:
    imported = imported_by("import shoal")
    assert not imported & HEAVY
    assert len(imported) <= 30, sorted(imported)


@pytest.mark.parametrize("arguments", [["--help"], ["--version"], ["up", "--help"], ["status", "--help"]])
def test_help_imports_nothing_heavy(arguments: list[str]) -> None:
    imported = imported_by(AS_COMMAND.format(arguments=arguments))
    assert not imported & HEAVY
    assert len(imported) <= 110, (len(imported), sorted(imported))


def test_reading_a_spec_needs_no_ray() -> None:
    code = AS_COMMAND.format(arguments=["check", "no-such-file.yaml"])
    assert not imported_by(code) & NEEDS_RAY
