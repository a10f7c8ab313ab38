"""The start-up budget, counted in imported modules: a count is the same on every machine, a time isn't."""

import subprocess
import sys

import pytest

NEEDS_RAY = {"ray", "aiohttp", "grpc", "requests", "numpy"}
HEAVY = NEEDS_RAY | {"asyncio", "yaml", "ssl", "multiprocessing", "importlib.metadata"}
REPORT = "\nimport sys; print(); print(*sys.modules)"
AS_COMMAND = """
import sys
from shoal.cli.main import main
sys.argv = ["shoal", *{arguments!r}]
try:
    main()
except SystemExit:
    pass
"""


def imported_by(code: str, prints: str = "") -> set[str]:
    """The modules that ``code`` imports beyond those of a bare interpreter; ``prints`` shows that it got there."""
    ended = subprocess.run([sys.executable, "-c", code + REPORT], capture_output=True, text=True, check=True)
    assert prints in ended.stdout + ended.stderr
    names = set(ended.stdout.splitlines()[-1].split())
    return names if not code else names - imported_by("")


def test_heavy_names_are_importable_so_that_watching_for_them_means_something() -> None:
    assert "asyncio" in imported_by("import asyncio")


def test_importing_the_library_costs_next_to_nothing() -> None:
    imported = imported_by("import shoal")
    assert not imported & HEAVY
    assert len(imported) <= 30, sorted(imported)


@pytest.mark.parametrize(
    ("arguments", "budget"), [(["--help"], 90), (["up", "--help"], 150), (["status", "--help"], 150)]
)
def test_help_imports_nothing_heavy(arguments: list[str], budget: int) -> None:
    imported = imported_by(AS_COMMAND.format(arguments=arguments), prints=" ".join(["Usage: shoal", *arguments[:-1]]))
    assert not imported & HEAVY
    assert len(imported) <= budget, (len(imported), sorted(imported))


def test_reading_a_spec_needs_no_ray() -> None:
    code = AS_COMMAND.format(arguments=["check", "no-such-file.yaml"])
    assert not imported_by(code, prints="no-such-file.yaml") & NEEDS_RAY


def test_an_operator_has_no_certificates_in_memory_before_a_cluster_asks_for_tls() -> None:
    assert "shoal.operator.keys" in imported_by("import shoal.operator.main")
    assert not {"cryptography", "ray", "grpc", "yaml"} & imported_by("import shoal.operator.main")
