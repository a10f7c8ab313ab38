"""Builds the programs of the lab, once. A module's folder gets its final name when it is finished."""

import json
import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

from lab.errors import LabError, Missing
from lab.folders import cache_folder, locked
from lab.modules import KUBERNETES, MODULES, Module
from lab.shell import find, run, say

GO_STEP = "install Go 1.24 or newer (https://go.dev/dl), or point SHOAL_KUBE_CACHE to a folder where the lab is built"
UNFINISHED = ".unfinished-"


def build(modules: Sequence[Module] = MODULES) -> None:
    """Build what is not built yet. About ten minutes of two cores the first time; ``Missing`` without Go."""
    cache = cache_folder()
    if not any(is_missing(module) for module in modules):
        return
    with locked(cache):
        for leftover in cache.glob(f"{UNFINISHED}*"):
            shutil.rmtree(leftover)  # a build that was interrupted: nobody else builds while we hold the lock
        for module in modules:
            if is_missing(module):
                _build(module, cache)


def is_missing(module: Module) -> bool:
    """Whether a module is not built."""
    return not (cache_folder() / module.key).is_dir()


def program(module: Module, name: str) -> Path:
    """The path of a program; ``Missing`` when its module is not built."""
    path = cache_folder() / module.key / name
    if not path.is_file():
        raise Missing(f"{name} is not built", "run: python -m lab build")
    return path


def _build(module: Module, cache: Path) -> None:
    go = find("go", GO_STEP)
    say(f"building {module.name} {module.version}")
    try:
        found = json.loads(run([go, "mod", "download", "-json", module.path], cwd=module.folder))
    except LabError as error:
        raise Missing(f"{module.name} {module.version} can't be downloaded", error.step) from None
    target = Path(tempfile.mkdtemp(prefix=UNFINISHED, dir=cache))
    flags = ["-mod=readonly", "-buildvcs=false", "-ldflags", _linker_flags(module)]
    one = len(module.programs) == 1
    out = target / next(iter(module.programs)) if one else f"{target}/"
    verb = ("test", "-c") if module.tests else ("build",)
    run([go, *verb, *flags, "-o", out, *module.programs.values()], cwd=module.folder, env={"CGO_ENABLED": "0"})
    if unbuilt := [name for name in module.programs if not (target / name).is_file()]:
        raise LabError(f"building {module.name} gave no {', '.join(unbuilt)}", f"look into {target}")
    for path in module.copied:
        shutil.copy(Path(found["Dir"]) / path, target / Path(path).name)
    target.chmod(0o755)
    target.rename(cache / module.key)


def _linker_flags(module: Module) -> str:
    if module is not KUBERNETES:
        return "-s -w"
    # Built as a dependency, Kubernetes doesn't know its own version; clients ask for it.
    major, minor, _ = module.version.split(".")
    values = {"gitVersion": f"v{module.version}", "gitMajor": major, "gitMinor": minor, "gitTreeState": "clean"}
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    return " ".join(["-s -w", *(f"-X {place}.{key}={value}" for place in places for key, value in values.items())])
