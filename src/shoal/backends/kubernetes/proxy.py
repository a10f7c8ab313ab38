"""Which proxy leads to an API server: the kubeconfig's own, or that of the environment, as kubectl chooses."""

from collections.abc import Mapping
from ipaddress import ip_address, ip_network
from urllib.parse import urlsplit

from shoal.backends.kubernetes.errors import KubeconfigInvalid


def proxy_for(server: str, configured: str, environ: Mapping[str, str]) -> str:
    """URL of the proxy to ``server``, "" for none. Raises KubeconfigInvalid for a kind that is not supported."""
    found = configured or _of_environment(server, environ)
    if found and urlsplit(found).scheme not in ("http", "https"):
        raise KubeconfigInvalid(
            f"a proxy of this kind is not supported: {found!r}",
            next_step="give an http:// proxy as proxy-url of the cluster, or in HTTPS_PROXY",
        )
    return found


def _of_environment(server: str, environ: Mapping[str, str]) -> str:
    url = urlsplit(server)
    host = url.hostname or ""
    local = host in ("localhost", "::1") or host.startswith("127.")
    if local or any(_covers(rule.strip(), host) for rule in _either(environ, "no_proxy").split(",")):
        return ""
    return _either(environ, f"{url.scheme}_proxy")


def _either(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name.upper(), "") or environ.get(name, "")


def _covers(rule: str, host: str) -> bool:
    """Whether a part of NO_PROXY means ``host``: a name and all below it, an address, or a network."""
    if not rule:
        return False
    name = rule.lstrip(".").rpartition(":")[0] if rule.count(":") == 1 else rule.lstrip(".")
    if rule == "*" or host == name or host.endswith("." + name):
        return True
    try:
        return ip_address(host) in ip_network(rule, strict=False)
    except ValueError:
        return False  # one of the two is a name
