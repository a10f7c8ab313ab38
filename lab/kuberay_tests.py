"""KubeRay's own end-to-end tests against the operator of this folder, on a real node, one after the other."""

import os
import re
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from lab import containers, node
from lab.build import build, program
from lab.control_plane import up
from lab.errors import LabError
from lab.folders import Run, locked
from lab.link import inside
from lab.modules import KUBERAY_TESTS, KUBERNETES, MODULES
from lab.network import network_of
from lab.processes import check_alive, ensure, stop
from lab.ray_image import DEFAULT_VERSION, make_ray_image
from lab.redis_image import make_redis_image
from lab.shell import need_root, run, say
from lab.small_requests import FLAGS, make_requests_small

OPERATOR = "shoal-operator"
LATER_IMAGE = "docker.io/rayproject/ray:2.51.0"
"""What one test changes a cluster's image to: here another name of the image that the rest use."""
PATIENCE = {"SHORT": "1m", "MEDIUM": "5m", "LONG": "10m"}
"""How long they wait for things, as in KubeRay's own CI."""
TEST_S = 1500
RESULT = re.compile(r"^ *--- (PASS|FAIL|SKIP): (\S+) \(([\d.]+)s\)", re.MULTILINE)


@dataclass(frozen=True)
class Result:
    """How one test, or one of its parts (``NAME/PART``), ended: PASS, FAIL or SKIP."""

    name: str
    word: str
    seconds: float

    def __str__(self) -> str:
        return f"{self.word}  {self.seconds:6.0f} s  {self.name}"


def run_tests(lab: Run, pattern: str, profile: str) -> None:
    """Run the tests, or with ``TEST/PART`` their parts, that a pattern of Go's names, and say how each ended.

    ``LabError`` if not all pass. Root. The lab goes on: the next tests begin at once.
    """
    need_root("kuberay-tests")
    build((*MODULES, KUBERAY_TESTS))
    whole, _, parts = pattern.partition("/")
    tests = list(_listed(whole))
    if not tests:
        raise LabError(f"no test of KubeRay's matches {pattern}", "see https://go.dev/pkg/regexp/syntax")
    with locked(lab.folder):
        _prepare(lab)
    results: list[Result] = []
    try:
        # From the node it gets through NetworkPolicies, as it would from a pod in its namespace.
        command = [*inside(network_of(lab)), *_operator(lab, profile)]
        operator = ensure(lab, OPERATOR, command, _without_settings())
        for suite, test in tests:
            say(f"{test}, profile {profile}")
            results += _run(lab, suite, test, parts)
            check_alive(lab, operator)
    finally:
        stop(lab, [OPERATOR])
        print(f"profile {profile}", *results, sep="\n")
    if failed := [result.name for result in results if result.word == "FAIL"]:
        raise LabError(f"failed: {', '.join(failed)}", f"see {_folder(lab)}")


def results_of(printed: str, test: str, seconds: float) -> list[Result]:
    """What a test's binary says of it and of its parts; one of which it says nothing was cut off, and has failed."""
    found = [Result(name, word, float(took)) for word, name, took in RESULT.findall(printed)]
    is_told = any(result.name == test for result in found)
    return found if is_told else [Result(test, "FAIL", seconds), *found]


def _listed(pattern: str) -> Iterator[tuple[str, str]]:
    """Suites and their tests, in the order of the source."""
    for suite in KUBERAY_TESTS.programs:
        lines = run([program(KUBERAY_TESTS, suite), "-test.list", pattern]).splitlines()
        yield from ((suite, line) for line in lines if line.startswith("Test"))


def _prepare(lab: Run) -> None:
    """A node with the images that the tests name, and Ray's kinds defined."""
    up(lab, FLAGS)
    node.start(lab)
    make_requests_small(lab)
    make_ray_image(lab)
    make_redis_image(lab)
    if LATER_IMAGE not in containers.images(lab):
        run([*containers.ctr(lab), "images", "tag", _ray_image(), LATER_IMAGE])
    kubectl: list[str | Path] = [program(KUBERNETES, "kubectl"), "--kubeconfig", lab.kubeconfig]
    run([*kubectl, "apply", "--server-side", "-f", "-"], stdin=run([*_shoal(), "operator", "crds"]))


def _ray_image() -> str:
    return f"docker.io/rayproject/ray:{DEFAULT_VERSION}"


def _shoal() -> list[str]:
    return [sys.executable, "-m", "shoal"]


def _operator(lab: Run, profile: str) -> list[str]:
    ports = ["--probes-port", "0", "--metrics-port", "0"]
    how = ["--no-leader-election", "--profile", profile, "--kubeconfig", str(lab.node_kubeconfig)]
    return [*_shoal(), "operator", "run", *how, *ports]


def _without_settings() -> dict[str, str]:
    """The operator takes options from the environment, too, and none of the person's are meant for this one."""
    return {name: "" for name in os.environ if name.startswith("SHOAL_OPERATOR_")}


def _folder(lab: Run) -> Path:
    """What the tests print and keep. Beside the lab, which leaves nothing when it goes."""
    return lab.folder.with_name(f"{lab.folder.name}-logs")


def _run(lab: Run, suite: str, test: str, parts: str) -> list[Result]:
    folder = _folder(lab)
    folder.mkdir(exist_ok=True)
    waits = {f"KUBERAY_TEST_TIMEOUT_{name}": length for name, length in PATIENCE.items()}
    told = {
        "KUBECONFIG": str(lab.kubeconfig),
        "KUBERAY_TEST_RAY_IMAGE": _ray_image(),
        "KUBERAY_TEST_RAY_VERSION": DEFAULT_VERSION,
        "KUBERAY_TEST_OUTPUT_DIR": str(folder),
        "PATH": os.pathsep.join([str(program(KUBERNETES, "kubectl").parent), os.environ.get("PATH", os.defpath)]),
    }
    # Parts that run side by side would want more than two cores.
    flags = ["-test.v", "-test.parallel=1", f"-test.timeout={TEST_S}s", f"-test.run=^{test}$/{parts}"]
    began = time.monotonic()
    with (folder / f"{test}.log").open("w+") as log:
        subprocess.run(
            [program(KUBERAY_TESTS, suite), *flags],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            check=False,  # what failed is in what it prints
            cwd=folder,
            env=os.environ | told | waits,
        )
        log.seek(0)
        results = results_of(log.read(), test, time.monotonic() - began)
    for result in results:
        say(str(result))
    return results
