"""The recipe of the operator's image: what a linter of such recipes would look for, and that it fits the Deployment."""

import json
import re
import tomllib
from pathlib import Path

import pytest

from shoal.install.options import Options
from shoal.install.workload import USER, deployment

ROOT = Path(__file__).parents[3]
RECIPE = (ROOT / "deploy/Dockerfile").read_text()
IGNORED = (ROOT / "deploy/Dockerfile.dockerignore").read_text().splitlines()


def instructions() -> list[tuple[str, str]]:
    """Each with its arguments on one line, without comments."""
    text = re.sub(r"^#.*\n", "", RECIPE, flags=re.MULTILINE).replace("\\\n", " ")
    lines = (line.strip() for line in text.splitlines())
    return [(line.partition(" ")[0], " ".join(line.partition(" ")[2].split())) for line in lines if line]


def of(name: str) -> list[str]:
    """The arguments of all instructions of one name."""
    return [arguments for found, arguments in instructions() if found == name]


def last_stage() -> list[tuple[str, str]]:
    """What becomes of the image itself."""
    found = instructions()
    start = max(index for index, (name, _) in enumerate(found) if name == "FROM")
    return found[start:]


def test_both_stages_start_from_one_image_that_only_a_digest_names() -> None:
    assert {base.partition(" AS ")[0] for base in of("FROM")} == {"${PYTHON_IMAGE}@${PYTHON_DIGEST}"}
    assert "PYTHON_DIGEST" in of("ARG"), "a digest with a default would grow old unseen"
    assert not any(base.endswith(":latest") for base in of("ARG"))


def test_the_python_is_one_that_shoal_supports() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    version = re.search(r"python:(\d+\.\d+)-slim", " ".join(of("ARG")))
    assert version is not None
    assert f"Programming Language :: Python :: {version[1]}" in project["classifiers"]


def test_everything_installed_is_locked_by_hash_and_nothing_else_is_fetched() -> None:
    runs = of("RUN")
    assert [run for run in runs if "pip install" in run and "--require-hashes" not in run] == []
    assert [run for run in runs if "uv sync" in run and "--locked" not in run] == []
    assert not re.search(r"\b(curl|wget|apt-get|apk|git)\b", " ".join(runs))
    assert of("ADD") == []


def test_only_what_the_operator_needs_is_in_it() -> None:
    (sync,) = (run for run in of("RUN") if "uv sync" in run)
    assert re.findall(r"--extra (\S+)", sync) == ["kubernetes"]
    assert "--no-dev" in sync


def test_the_image_runs_as_the_user_of_the_deployment_and_by_no_shell() -> None:
    assert [arguments for name, arguments in last_stage() if name == "USER"] == [f"{USER}:{USER}"]
    assert not [name for name, _ in last_stage() if name == "RUN"]
    entrypoint = json.loads(of("ENTRYPOINT")[-1])
    assert entrypoint[1:] == ["-m", "shoal"]
    container = deployment(Options())["spec"]["template"]["spec"]["containers"][0]
    assert container["args"][:2] == json.loads(of("CMD")[-1])


@pytest.mark.parametrize("source", [of.split()[0] for of in of("COPY") if "--from" not in of])
def test_what_is_copied_is_here_and_let_into_the_build(source: str) -> None:
    assert (ROOT / source).exists()
    assert f"!{source}" in IGNORED


def test_nothing_is_let_into_the_build_that_is_not_named() -> None:
    assert IGNORED[0] == "*"
    assert {line[1:] for line in IGNORED if line.startswith("!")} == {
        "pyproject.toml",
        "uv.lock",
        "scripts/uv.txt",
        "src",
    }
