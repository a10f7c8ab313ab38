"""The kubeconfig format: what is in the files, read and merged as kubectl does."""

from pathlib import Path
from typing import Any, TypeVar

import msgspec

from shoal.backends.kubernetes.errors import KubeconfigInvalid


class _Kebab(msgspec.Struct, frozen=True, rename="kebab"):
    """Base of the types of a kubeconfig."""


class Cluster(_Kebab, frozen=True):
    server: str = ""
    certificate_authority: str = ""
    certificate_authority_data: str = ""
    insecure_skip_tls_verify: bool = False
    tls_server_name: str = ""
    proxy_url: str = ""


class Context(_Kebab, frozen=True):
    cluster: str = ""
    user: str = ""
    namespace: str = ""


class EnvVar(msgspec.Struct, frozen=True):
    name: str
    value: str = ""


class Exec(msgspec.Struct, frozen=True, rename="camel"):
    """A program that prints credentials. folder: what a relative path in ``command`` starts from."""

    command: str
    args: tuple[str, ...] = ()
    env: tuple[EnvVar, ...] = ()
    api_version: str = "client.authentication.k8s.io/v1"
    install_hint: str = ""
    interactive_mode: str = "IfAvailable"
    provide_cluster_info: bool = False
    folder: str = ""


class User(_Kebab, frozen=True):
    client_certificate: str = ""
    client_certificate_data: str = ""
    client_key: str = ""
    client_key_data: str = ""
    token: str = ""
    token_file: str = msgspec.field(default="", name="tokenFile")
    username: str = ""
    password: str = ""
    as_: str = msgspec.field(default="", name="as")
    as_uid: str = ""
    as_groups: tuple[str, ...] = ()
    as_user_extra: dict[str, tuple[str, ...]] = {}
    exec: Exec | None = None
    auth_provider: dict[str, Any] | None = None


class Kubeconfig(msgspec.Struct, frozen=True):
    """Everything by name."""

    current: str
    contexts: dict[str, Context]
    clusters: dict[str, Cluster]
    users: dict[str, User]


class _NamedContext(msgspec.Struct, frozen=True):
    name: str
    context: Context = Context()


class _NamedCluster(msgspec.Struct, frozen=True):
    name: str
    cluster: Cluster = Cluster()


class _NamedUser(msgspec.Struct, frozen=True):
    name: str
    user: User = User()


class _File(_Kebab, frozen=True):
    current_context: str = ""
    contexts: tuple[_NamedContext, ...] = ()
    clusters: tuple[_NamedCluster, ...] = ()
    users: tuple[_NamedUser, ...] = ()


def read_files(files: tuple[Path, ...]) -> Kubeconfig:
    """``files`` merged: of what several say, the first counts. Raises KubeconfigInvalid."""
    merged = Kubeconfig("", {}, {}, {})
    for path in files:
        file = _read(path)
        folder = path.absolute().parent
        for context in file.contexts:
            merged.contexts.setdefault(context.name, context.context)
        for cluster in file.clusters:
            merged.clusters.setdefault(cluster.name, _beside(folder, cluster.cluster, "certificate_authority"))
        for user in file.users:
            found = _beside(folder, user.user, "client_certificate", "client_key", "token_file")
            if found.exec:
                found = msgspec.structs.replace(found, exec=msgspec.structs.replace(found.exec, folder=str(folder)))
            merged.users.setdefault(user.name, found)
        if not merged.current:
            merged = msgspec.structs.replace(merged, current=file.current_context)
    return merged


T = TypeVar("T", Cluster, User)


def _beside(folder: Path, entry: T, *fields: str) -> T:
    """``entry``, with the relative paths in ``fields`` starting from the kubeconfig's own folder."""
    paths = {field: str(folder / getattr(entry, field)) for field in fields if getattr(entry, field)}
    return msgspec.structs.replace(entry, **paths)


def _read(path: Path) -> _File:
    import yaml

    try:
        text = path.read_text()
        # Every scalar stays text: a context may be called 2024-01-01, or on.
        document = yaml.load(text, Loader=getattr(yaml, "CBaseLoader", yaml.BaseLoader))  # noqa: S506
    except (OSError, UnicodeDecodeError) as error:
        raise KubeconfigInvalid(f"can't read it: {error}", where=str(path)) from error
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise KubeconfigInvalid(f"it is not YAML: {error.problem}", where=place) from error
    except yaml.YAMLError as error:
        raise KubeconfigInvalid("it is not YAML: it holds characters that YAML forbids", where=str(path)) from error
    try:
        return msgspec.convert(_without_empty(document) or {}, _File, strict=False)
    except msgspec.ValidationError as error:
        raise KubeconfigInvalid(str(error), where=str(path), next_step="see `kubectl config view`") from error


def _without_empty(value: Any) -> Any:
    """``value`` without the keys that are there and say nothing, as ``env: null``."""
    if isinstance(value, dict):
        return {key: _without_empty(entry) for key, entry in value.items() if entry not in ("", "null", "~")}
    if isinstance(value, list):
        return [_without_empty(entry) for entry in value]
    return value
