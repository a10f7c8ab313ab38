"""``python -m lab VERB``: a real Kubernetes on this machine."""

import argparse
import os
import shlex
import sys
from collections.abc import Callable
from pathlib import Path

from lab import containers, entrance, fake_nodes, node, packages
from lab.build import build, is_missing, program
from lab.control_plane import up
from lab.down import down
from lab.errors import LabError
from lab.folders import Run, cache_folder, default_run_folder, locked
from lab.image import make_image
from lab.kuberay_tests import run_tests
from lab.modules import KUBERAY, KUBERNETES, MODULES
from lab.operator_image import make_operator_image
from lab.processes import recorded, running
from lab.ray_image import DEFAULT_VERSION, make_ray_image

Verb = Callable[[Run, argparse.Namespace], None]


def main() -> int:
    """Run one verb; the exit code. 3 means that this machine lacks something, 1 that something failed."""
    parser, verbs = _parser()
    chosen = parser.parse_args()
    run = Run(chosen.run.absolute())
    try:
        verbs[chosen.verb](run, chosen)
    except LabError as error:
        sys.stderr.write(f"lab: {error}\n")
        return error.code
    except KeyboardInterrupt:
        sys.stderr.write("lab: interrupted; call it again to go on, or `python -m lab down`\n")
        return 130
    return 0


def _parser() -> tuple[argparse.ArgumentParser, dict[str, Verb]]:
    parser = argparse.ArgumentParser("python -m lab", description="A real Kubernetes on this machine.")
    parser.add_argument(
        "--run", type=Path, default=default_run_folder(), metavar="DIR", help="the lab's folder (%(default)s)"
    )
    subparsers = parser.add_subparsers(dest="verb", required=True, metavar="VERB")
    verbs: dict[str, Verb] = {}

    def verb(name: str, what: str, act: Verb) -> argparse.ArgumentParser:
        verbs[name] = act
        return subparsers.add_parser(name, help=what, description=what)

    verb("deps", "install the Debian packages that the rest needs (root)", lambda run, _: packages.install())
    building = verb(
        "build",
        "build Kubernetes, etcd, CoreDNS and KWOK with Go, once",
        lambda run, chosen: build((*MODULES, KUBERAY) if chosen.kuberay else MODULES),
    )
    building.add_argument("--kuberay", action="store_true", help="KubeRay's operator too, to measure ours beside it")
    verb("up", "start etcd and the control plane", lambda run, _: _alone(run, up))
    verb(
        "node",
        "add a real node, whose pods are processes of this machine (root)",
        lambda run, _: _alone(run, node.start),
    )
    verb(
        "entrance",
        "let requests from outside in: Contour, built the first time, and Envoy (root)",
        lambda run, _: _alone(run, entrance.start),
    )
    kwok = verb("kwok", "add fake nodes, whose pods become Ready at once", lambda run, args: _fake(run, args.count))
    kwok.add_argument("count", type=int, nargs="?", default=fake_nodes.DEFAULT_COUNT)
    image = verb(
        "image", "make an image of a root file system", lambda run, args: make_image(run, args.name, args.folder)
    )
    image.add_argument("name")
    image.add_argument("folder", type=Path)
    ray = verb(
        "ray-image", "make docker.io/rayproject/ray:VERSION (root)", lambda run, args: make_ray_image(run, args.version)
    )
    ray.add_argument("version", nargs="?", default=DEFAULT_VERSION)
    operator = verb(
        "operator-image",
        "make an image of the operator as it is in this folder (root)",
        lambda run, args: make_operator_image(run, args.name),
    )
    operator.add_argument("name", nargs="?", default="docker.io/local/shoal-operator:dev")
    tests = verb(
        "kuberay-tests",
        "run KubeRay's own tests of RayClusters against the operator of this folder (root)",
        lambda run, chosen: run_tests(run, chosen.pattern, chosen.profile),
    )
    tests.add_argument("pattern", nargs="?", default=".", help="of their names, as `go test -run` has it")
    tests.add_argument("--profile", choices=("compat", "secure"), default="compat")
    verb("status", "what runs, and what is built", lambda run, _: _status(run))
    verb("env", 'lines for a shell: eval "$(python -m lab env)"', lambda run, _: _environment(run))
    verb("down", "end the lab and leave nothing of it", lambda run, _: down(run))
    return parser, verbs


def _alone(run: Run, act: Callable[[Run], None]) -> None:
    """Act on a lab while nobody else does."""
    with locked(run.folder):
        act(run)


def _fake(run: Run, count: int) -> None:
    _alone(run, lambda each: fake_nodes.start(each, count))


def _status(run: Run) -> None:
    print(f"cache {cache_folder()}")
    for module in MODULES:
        print(f"  {module.name:12} {module.version:10} {'not built' if is_missing(module) else 'built'}")
    print(f"lab   {run.folder}")
    processes = recorded(run)
    for process in processes:
        print(f"  {process.name:12} {process.pid:<10} {'runs' if process.is_running else 'has ended'}")
    if not processes:
        print("  nothing runs")
    if running(run, "containerd") and os.geteuid() == 0:
        print("images")
        for name in sorted(containers.images(run)):
            print(f"  {name}")


def _environment(run: Run) -> None:
    if not run.kubeconfig.exists():
        raise LabError(f"no lab in {run.folder}", "run: python -m lab up")
    # For tests: what they may use in place of a lab of their own.
    sizes = {"SHOAL_NODE_KUBECONFIG": "kubelet", "SHOAL_KWOK_KUBECONFIG": "kwok", "SHOAL_KUBECONFIG": "apiserver"}
    values = {
        "KUBECONFIG": run.kubeconfig,
        "SHOAL_BENCH_KUBECONFIG": run.bench_kubeconfig,
        "SHOAL_AUDIT_LOG": run.audit_log,
    }
    values |= {variable: run.kubeconfig for variable, process in sizes.items() if running(run, process)}
    for name, value in values.items():
        print(f"export {name}={shlex.quote(str(value))}")
    print(f"export PATH={shlex.quote(str(program(KUBERNETES, 'kubectl').parent))}:$PATH")


if __name__ == "__main__":
    sys.exit(main())
