"""Where the API server is, and who asks: from kubeconfig files, or from the service account of the pod this runs in."""

import base64
import binascii
import os
from collections.abc import Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shoal.backends.kubernetes.errors import ContextUnknown, CredentialsMissing, KubeconfigInvalid, NoKubeconfig
from shoal.backends.kubernetes.kubeconfig_file import Cluster, Context, Exec, User, read_files
from shoal.backends.kubernetes.proxy import proxy_for

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class Access(msgspec.Struct, frozen=True):
    """All it takes to reach one API server.

    server: ``https://HOST:PORT``, perhaps with a path. namespace: the one that is meant when none is named.
    authority: certificates that vouch for the server, PEM; "" for those that the system trusts.
    insecure: whether the server's certificate goes unchecked. certificate, key: of the client, PEM.
    token, token_file, exec: where the bearer token comes from; the first that is set counts.
    headers: further ones, of every request. proxy: URL, or "".
    notes: for people, of what is unsafe about it.
    """

    server: str
    context: str = ""
    namespace: str = "default"
    authority: str = ""
    server_name: str = ""
    insecure: bool = False
    certificate: str = ""
    key: str = ""
    token: str = ""
    token_file: str = ""
    exec: Exec | None = None
    headers: tuple[tuple[str, str], ...] = ()
    proxy: str = ""
    notes: tuple[str, ...] = ()


def access(kubeconfig: str = "", context: str = "", environ: Mapping[str, str] = os.environ) -> Access:
    """What kubectl would use: ``kubeconfig``, else KUBECONFIG, else ~/.kube/config, else the pod's service account.

    context: "" for the current one. Raises NoKubeconfig, KubeconfigInvalid, ContextUnknown, CredentialsMissing.
    """
    files = _files(kubeconfig, environ)
    if files:
        return from_files(files, context, environ)
    if not context and "KUBERNETES_SERVICE_HOST" in environ and (SERVICE_ACCOUNT / "token").exists():
        return in_cluster(environ)
    raise _none(environ)


def in_cluster(environ: Mapping[str, str] = os.environ, folder: Path = SERVICE_ACCOUNT) -> Access:
    """As the service account of the pod that this runs in. Raises NoKubeconfig, CredentialsMissing."""
    host, port = environ.get("KUBERNETES_SERVICE_HOST", ""), environ.get("KUBERNETES_SERVICE_PORT", "443")
    if not host:
        raise NoKubeconfig("this is not a pod: KUBERNETES_SERVICE_HOST is not set", next_step="name a --kubeconfig")
    namespace = folder / "namespace"
    return Access(
        server=f"https://[{host}]:{port}" if ":" in host else f"https://{host}:{port}",
        namespace=_content(namespace).strip() if namespace.exists() else "default",
        authority=_content(folder / "ca.crt"),
        token_file=str(folder / "token"),
    )


def contexts(kubeconfig: str = "", environ: Mapping[str, str] = os.environ) -> tuple[str, ...]:
    """Names of all contexts, the current one first. Raises NoKubeconfig, KubeconfigInvalid."""
    files = _files(kubeconfig, environ)
    if not files:
        raise _none(environ)
    config = read_files(files)
    return tuple(sorted(config.contexts, key=lambda name: name != config.current))


def from_files(files: tuple[Path, ...], context: str = "", environ: Mapping[str, str] = os.environ) -> Access:
    """As ``files``, merged, say. Raises KubeconfigInvalid, ContextUnknown, CredentialsMissing."""
    config = read_files(files)
    where = os.pathsep.join(map(str, files))
    name = context or config.current
    if not name:
        raise ContextUnknown("the kubeconfig has no current context", where=where, next_step=_choices(config.contexts))
    chosen = _named(config.contexts, name, "context", where)
    cluster = _named(config.clusters, chosen.cluster, "cluster", where)
    user = _named(config.users, chosen.user, "user", where) if chosen.user else User()
    return _access(name, chosen, cluster, user, where, environ)


def _access(
    name: str, context: Context, cluster: Cluster, user: User, where: str, environ: Mapping[str, str]
) -> Access:
    if not cluster.server.startswith(("https://", "http://")):
        raise KubeconfigInvalid(f"cluster {context.cluster!r} has no server's address: {cluster.server!r}", where=where)
    if user.auth_provider is not None:
        raise KubeconfigInvalid(
            f"user {context.user!r} has an auth-provider, which Kubernetes has removed",
            where=where,
            next_step="get a kubeconfig with `exec` from your cluster's provider",
        )
    notes = []
    if cluster.insecure_skip_tls_verify:
        notes.append(f"the certificate of {cluster.server} is not checked (insecure-skip-tls-verify)")
    if cluster.server.startswith("http://"):
        notes.append(f"nothing that is sent to {cluster.server} is encrypted")
    return Access(
        server=cluster.server.rstrip("/"),
        context=name,
        namespace=context.namespace or "default",
        authority=_pem(cluster.certificate_authority_data, cluster.certificate_authority, where),
        server_name=cluster.tls_server_name,
        insecure=cluster.insecure_skip_tls_verify,
        certificate=_pem(user.client_certificate_data, user.client_certificate, where),
        key=_pem(user.client_key_data, user.client_key, where),
        # Of the two the file counts: programs renew it, and leave the other as it was.
        token="" if user.token_file else user.token,
        token_file=user.token_file,
        exec=user.exec,
        headers=_headers(user),
        proxy=proxy_for(cluster.server, cluster.proxy_url, environ),
        notes=tuple(notes),
    )


def _headers(user: User) -> tuple[tuple[str, str], ...]:
    headers = []
    if user.username:
        pair = base64.b64encode(f"{user.username}:{user.password}".encode()).decode()
        headers.append(("Authorization", f"Basic {pair}"))
    if user.as_:
        headers.append(("Impersonate-User", user.as_))
    if user.as_uid:
        headers.append(("Impersonate-Uid", user.as_uid))
    headers += [("Impersonate-Group", group) for group in user.as_groups]
    for key, values in user.as_user_extra.items():
        headers += [(f"Impersonate-Extra-{quote(key, safe='')}", value) for value in values]
    return tuple(headers)


T = TypeVar("T")


def _named(known: Mapping[str, T], name: str, kind: str, where: str) -> T:
    if name in known:
        return known[name]
    near = get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]!r}?" if near else _choices(known)
    raise ContextUnknown(f"the kubeconfig has no {kind} {name!r}", where=where, next_step=hint)


def _choices(known: Mapping[str, Any]) -> str:
    return f"there are: {', '.join(sorted(known)[:10])}" if known else "`kubectl config set-context` makes one"


def _pem(data: str, file: str, where: str) -> str:
    """What is written in the kubeconfig itself counts before the file that it names."""
    if not data:
        return _content(Path(file)) if file else ""
    try:
        return base64.b64decode(data, validate=True).decode()
    except (binascii.Error, UnicodeDecodeError) as error:
        raise KubeconfigInvalid(f"a certificate or key is not base64 of PEM: {error}", where=where) from error


def _content(file: Path) -> str:
    try:
        return file.read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsMissing(f"can't read it: {error}", where=str(file)) from error


def _files(kubeconfig: str, environ: Mapping[str, str]) -> tuple[Path, ...]:
    """Those to merge. One that is named must exist; of those in KUBECONFIG the missing are passed over."""
    if kubeconfig:
        if not Path(kubeconfig).expanduser().is_file():
            raise NoKubeconfig("there is no such file", where=kubeconfig, next_step="mend what --kubeconfig says")
        return (Path(kubeconfig).expanduser(),)
    listed = [Path(part) for part in environ.get("KUBECONFIG", "").split(os.pathsep) if part]
    return tuple(path for path in listed or [Path(_default(environ))] if path.is_file())


def _none(environ: Mapping[str, str]) -> NoKubeconfig:
    step = "mend what KUBECONFIG says" if environ.get("KUBECONFIG") else "set KUBECONFIG"
    return NoKubeconfig("there is no kubeconfig", where=_default(environ), next_step=step)


def _default(environ: Mapping[str, str]) -> str:
    return environ.get("KUBECONFIG", "") or str(Path(environ.get("HOME", "~")).expanduser() / ".kube" / "config")
