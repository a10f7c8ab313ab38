"""A runtime environment made ready for the cluster: local folders and files in it become URIs or their content."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast
from urllib.parse import quote

import yaml

from shoal.engine.http_json import Dashboard, refusal
from shoal.engine.jobs_errors import PackageInvalid, RuntimeEnvInvalid
from shoal.engine.package import MAX_PACKAGE_BYTES, Package, pack

DEFAULT_EXCLUDES = ".git,.venv,venv,__pycache__"
"""Ray's own; for working directories only."""
ARCHIVES = (".zip", ".tar.gz", ".tgz", ".tar.xz")
MAX_VALUES = 100_000


def read_runtime_env(path: Path) -> dict[str, Any]:
    """The mapping in a YAML file. Raises RuntimeEnvInvalid."""
    try:
        loaded = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise RuntimeEnvInvalid(f"can't be read: {error.strerror}", where=str(path)) from error
    except UnicodeDecodeError as error:
        raise RuntimeEnvInvalid("is not UTF-8 text", where=str(path)) from error
    except yaml.YAMLError as error:
        raise _not_yaml(path, error) from error
    if loaded is None:
        return {}
    if not isinstance(loaded, dict) or not all(isinstance(key, str) for key in loaded):
        raise RuntimeEnvInvalid(
            "is not a mapping", where=str(path), next_step="write `working_dir: .`, `pip: [...]` and the like"
        )
    _refuse_bomb(loaded, path)
    return loaded


def prepare(runtime_env: Mapping[str, Any], working_dir: Path | str | None, dashboard: Dashboard) -> dict[str, Any]:
    """Upload what is local and return the environment as the Jobs API wants it.

    working_dir overrides that of ``runtime_env``. Relative paths are relative to the current folder, as with
    `ray job submit`. Raises RuntimeEnvInvalid, PackageInvalid, PackageTooLarge and what ``dashboard`` raises.
    """
    ready = dict(runtime_env)
    if working_dir is not None:
        ready["working_dir"] = str(working_dir)
    _check_env_vars(ready.get("env_vars"))
    excludes = _strings(ready, "excludes")
    if ready.get("working_dir") is not None:
        ready["working_dir"] = _working_dir(ready["working_dir"], excludes, dashboard)
    if ready.get("py_modules") is not None:
        ready["py_modules"] = [_module(entry, excludes, dashboard) for entry in _strings(ready, "py_modules")]
    for key in ("pip", "uv"):
        if isinstance(ready.get(key), str):
            ready[key] = _requirements(Path(ready[key]), key)
    conda = ready.get("conda")
    if isinstance(conda, str) and conda.endswith((".yml", ".yaml")):
        ready["conda"] = read_runtime_env(Path(conda))
    return ready


def _working_dir(value: object, excludes: list[str], dashboard: Dashboard) -> str:
    if not isinstance(value, (str, Path)):
        raise RuntimeEnvInvalid(f"working_dir is {value!r}, not a path or URI")
    if "://" in str(value):
        return str(value)
    path = Path(value).expanduser()
    if path.is_dir():
        ours = os.environ.get("RAY_OVERRIDE_RUNTIME_ENV_DEFAULT_EXCLUDES", DEFAULT_EXCLUDES).split(",")
        always = [pattern.strip() for pattern in ours if pattern.strip()]
        return _upload(pack(path, [*always, *excludes], gitignore=_gitignore_counts()), dashboard)
    if path.is_file() and path.name.endswith(ARCHIVES):
        return _upload(_as_it_is(path), dashboard)
    raise PackageInvalid("working_dir is neither a folder nor an archive", where=str(path), next_step=_ARCHIVE_NAMES)


_ARCHIVE_NAMES = f"give a folder, a URI, or a file ending in {', '.join(ARCHIVES)}"


def _module(entry: str, excludes: list[str], dashboard: Dashboard) -> str:
    if "://" in entry:
        return entry
    path = Path(entry).expanduser()
    if path.is_dir():
        name = path.resolve().name
        return _upload(pack(path, excludes, gitignore=_gitignore_counts(), inside=name), dashboard)
    if path.is_file() and path.suffix == ".py":
        return _upload(pack(path), dashboard)
    if path.is_file() and path.suffix == ".whl":
        return _upload(_as_it_is(path), dashboard)
    raise PackageInvalid(
        "py_modules has an entry that is no folder, .py or .whl file", where=entry, next_step="check the path"
    )


def _as_it_is(path: Path) -> Package:
    import hashlib
    from io import BytesIO

    try:
        content = path.read_bytes()
    except OSError as error:
        raise PackageInvalid(f"can't be read: {error.strerror}", where=str(path)) from error
    if len(content) > MAX_PACKAGE_BYTES:
        raise PackageInvalid("is larger than 100 MiB", where=str(path), next_step="put it on storage and give its URI")
    if path.suffix == ".whl":  # pip reads the wheel's name and version from its file name
        return Package(f"gcs://{path.name}", BytesIO(content), len(content))
    ending = next(ending for ending in ARCHIVES if path.name.endswith(ending))
    return Package(f"gcs://_ray_pkg_{hashlib.sha256(content).hexdigest()}{ending}", BytesIO(content), len(content))


def _upload(package: Package, dashboard: Dashboard) -> str:
    """PUT the package unless the cluster has it; asking also keeps it from being cleaned up before the job starts."""
    path = f"/api/packages/gcs/{quote(package.uri.removeprefix('gcs://'))}"
    with package.file as file:
        reply = dashboard.request("GET", path)
        if reply.status == 404:
            reply = dashboard.request("PUT", path, file, package.size)
    if reply.status != 200:
        raise refusal(reply, dashboard.address)
    return package.uri


def _requirements(path: Path, key: str) -> list[str]:
    try:
        lines = [line.strip() for line in path.read_text("utf-8").splitlines()]
    except OSError as error:
        raise RuntimeEnvInvalid(f"{key} names a file that can't be read: {error.strerror}", where=str(path)) from error
    return [line for line in lines if line and not line.startswith("#")]


def _check_env_vars(variables: object) -> None:
    """Ray's dashboard takes anything here, and the job then fails long after."""
    if variables is None:
        return
    if not isinstance(variables, Mapping):
        raise RuntimeEnvInvalid(
            f"env_vars is {variables!r}, not a mapping", next_step="write env_vars: {NAME: 'value'}"
        )
    for name, value in variables.items():
        if not isinstance(name, str) or not isinstance(value, str):
            raise RuntimeEnvInvalid(f"env_vars has {name!r}: {value!r}, not two strings", next_step="quote the value")


def _strings(runtime_env: Mapping[str, Any], key: str) -> list[str]:
    value = runtime_env.get(key)
    if value is None:
        return []
    if not isinstance(value, (list, tuple)) or not all(isinstance(item, (str, Path)) for item in value):
        raise RuntimeEnvInvalid(f"{key} is {value!r}, not a list of strings", next_step=f"write {key}: [...]")
    return [str(item) for item in value]


def _gitignore_counts() -> bool:
    return os.environ.get("RAY_RUNTIME_ENV_IGNORE_GITIGNORE", "0") != "1"


def _not_yaml(path: Path, error: yaml.YAMLError) -> RuntimeEnvInvalid:
    mark = getattr(error, "problem_mark", None)
    where = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
    return RuntimeEnvInvalid(f"is not YAML: {getattr(error, 'problem', None) or error}", where=where)


def _refuse_bomb(value: object, path: Path) -> None:
    """Aliases that stand for aliases are small in the file and without end when written out as JSON."""
    left, to_do = MAX_VALUES, [value]
    while to_do:
        item = to_do.pop()
        if isinstance(item, dict):
            to_do.extend(cast("dict[str, object]", item).values())
        elif isinstance(item, list):
            to_do.extend(item)
        left -= 1
        if left < 0:
            raise RuntimeEnvInvalid(
                f"holds more than {MAX_VALUES} values once its aliases are followed", where=str(path)
            )
