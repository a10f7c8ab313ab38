"""Kubeconfig files as they are found in the wild."""

import base64
from pathlib import Path
from textwrap import dedent

import msgspec
import pytest

from shoal.backends.kubernetes.errors import ContextUnknown, CredentialsMissing, KubeconfigInvalid, NoKubeconfig
from shoal.backends.kubernetes.kubeconfig import Access, access, contexts, in_cluster

PEM = "-----BEGIN CERTIFICATE-----\nabc\n-----END CERTIFICATE-----\n"
DATA = base64.b64encode(PEM.encode()).decode()


def kubeconfig(folder: Path, *, cluster: str = "", user: str = "", name: str = "config") -> Path:
    """A file of one context, ``dev``; cluster, user: further fields of each, as JSON."""
    path = folder / name
    path.write_text(
        dedent(f"""
        apiVersion: v1
        kind: Config
        preferences: {{}}
        current-context: dev
        contexts:
        - name: dev
          context: {{cluster: c, user: u, namespace: team}}
        clusters:
        - name: c
          cluster: {{server: "https://k.example:6443/", {cluster}}}
        users:
        - name: u
          user: {{{user}}}
        """)
    )
    return path


def read(path: Path, context: str = "", **environ: str) -> Access:
    return access(str(path), context, environ)


def test_the_current_context_counts(tmp_path: Path) -> None:
    found = read(kubeconfig(tmp_path, user="token: secret"))
    assert (found.server, found.context, found.namespace) == ("https://k.example:6443", "dev", "team")
    assert (found.token, found.notes, found.proxy) == ("secret", (), "")


def test_data_in_the_file_counts_before_a_file_beside_it(tmp_path: Path) -> None:
    (tmp_path / "ca.pem").write_text("from the file")
    beside = read(kubeconfig(tmp_path, cluster="certificate-authority: ca.pem"))
    both = read(kubeconfig(tmp_path, cluster=f"certificate-authority: ca.pem, certificate-authority-data: {DATA}"))
    assert (beside.authority, both.authority) == ("from the file", PEM)


def test_client_certificates_are_read(tmp_path: Path) -> None:
    (tmp_path / "key.pem").write_text("the key")
    found = read(kubeconfig(tmp_path, user=f"client-certificate-data: {DATA}, client-key: key.pem"))
    assert (found.certificate, found.key) == (PEM, "the key")


def test_a_token_file_is_found_beside_the_kubeconfig_and_counts_before_a_token(tmp_path: Path) -> None:
    found = read(kubeconfig(tmp_path, user="tokenFile: t, token: old"))
    assert (found.token_file, found.token) == (str(tmp_path / "t"), "")


def test_an_exec_plugin_is_read_as_kubectl_writes_it(tmp_path: Path) -> None:
    plugin = (
        "exec: {apiVersion: client.authentication.k8s.io/v1beta1, command: bin/login, args: [get-token, '1'], "
        "env: null, provideClusterInfo: false, interactiveMode: IfAvailable, installHint: get it}"
    )
    found = read(kubeconfig(tmp_path, user=plugin))
    assert found.exec is not None
    assert (found.exec.command, found.exec.args, found.exec.env) == ("bin/login", ("get-token", "1"), ())
    assert (found.exec.folder, found.exec.install_hint) == (str(tmp_path), "get it")


def test_a_name_and_a_password_become_a_header(tmp_path: Path) -> None:
    found = read(kubeconfig(tmp_path, user="username: me, password: secret"))
    assert found.headers == (("Authorization", "Basic bWU6c2VjcmV0"),)


def test_somebody_else_is_impersonated_when_asked_for(tmp_path: Path) -> None:
    user = "as: jane, as-uid: '7', as-groups: [a, b], as-user-extra: {scopes/x: [one]}"
    assert read(kubeconfig(tmp_path, user=user)).headers == (
        ("Impersonate-User", "jane"),
        ("Impersonate-Uid", "7"),
        ("Impersonate-Group", "a"),
        ("Impersonate-Group", "b"),
        ("Impersonate-Extra-scopes%2Fx", "one"),
    )


def test_a_server_that_is_not_checked_is_noted(tmp_path: Path) -> None:
    found = read(kubeconfig(tmp_path, cluster="insecure-skip-tls-verify: true, tls-server-name: other"))
    assert (found.insecure, found.server_name) == (True, "other")
    assert "not checked" in found.notes[0]


def test_the_first_of_several_files_counts(tmp_path: Path) -> None:
    first = kubeconfig(tmp_path, user="token: first", name="one")
    second = tmp_path / "two"
    second.write_text(
        "current-context: prod\ncontexts: [{name: prod, context: {cluster: p, user: u}}]\n"
        "clusters: [{name: p, cluster: {server: 'https://prod'}}]\nusers: [{name: u, user: {token: second}}]"
    )
    environ = {"KUBECONFIG": f"{first}:{tmp_path / 'missing'}:{second}"}
    assert contexts(environ=environ) == ("dev", "prod")
    assert access(environ=environ).context == "dev"
    prod = access(context="prod", environ=environ)
    assert (prod.server, prod.token, prod.namespace) == ("https://prod", "first", "default")


def test_the_file_in_the_home_folder_is_found(tmp_path: Path) -> None:
    (tmp_path / ".kube").mkdir()
    kubeconfig(tmp_path / ".kube")
    assert access(environ={"HOME": str(tmp_path)}).context == "dev"


def test_names_that_yaml_takes_for_something_else_stay_names(tmp_path: Path) -> None:
    path = tmp_path / "config"
    names = ("2024-01-01", "on", "007")
    path.write_text("contexts:\n" + "".join(f"- name: {name}\n  context: {{cluster: c}}\n" for name in names))
    assert contexts(str(path)) == names


def test_a_context_that_does_not_exist_gets_the_nearest_name(tmp_path: Path) -> None:
    with pytest.raises(ContextUnknown, match="did you mean 'dev'"):
        read(kubeconfig(tmp_path), "deb")
    with pytest.raises(ContextUnknown, match="there are: dev"):
        read(kubeconfig(tmp_path), "production")


def test_a_context_of_a_user_that_is_missing_is_told(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path)
    path.write_text(path.read_text().replace("user: u,", "user: w,"))
    with pytest.raises(ContextUnknown, match="no user 'w'"):
        read(path)


def test_no_current_context_is_told(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path)
    path.write_text(path.read_text().replace("current-context: dev", 'current-context: ""'))
    with pytest.raises(ContextUnknown, match="no current context"):
        read(path)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("a: [", "2:1: it is not YAML"),
        ("contexts: 7", r"Expected `array`, got `str` - at `\$.contexts`"),
        ("\x00", "characters that YAML forbids"),
        ("- a", "Expected `object`"),
    ],
)
def test_a_file_that_makes_no_sense_says_where(tmp_path: Path, text: str, told: str) -> None:
    path = tmp_path / "config"
    path.write_text(text + "\n")
    with pytest.raises(KubeconfigInvalid, match=told):
        read(path)


@pytest.mark.parametrize(
    ("part", "told"),
    [
        ({"cluster": "certificate-authority-data: '%%'"}, "not base64"),
        ({"cluster": "server: somewhere"}, "no server's address: 'somewhere'"),
        ({"user": "auth-provider: {name: gcp}"}, "auth-provider"),
        ({"user": "exec: {args: [a]}"}, "missing required field `command`"),
        ({"cluster": "proxy-url: 'socks5://p:1'"}, "socks5"),
    ],
)
def test_what_can_not_work_is_told(tmp_path: Path, part: dict[str, str], told: str) -> None:
    with pytest.raises(KubeconfigInvalid, match=told):
        read(kubeconfig(tmp_path, **part))


def test_a_certificate_that_can_not_be_read_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match=r"no\.pem"):
        read(kubeconfig(tmp_path, user="client-certificate: no.pem"))


def test_without_a_kubeconfig_the_next_step_is_named(tmp_path: Path) -> None:
    with pytest.raises(NoKubeconfig, match=r"\.kube/config.*set KUBECONFIG"):
        access(environ={"HOME": str(tmp_path)})
    with pytest.raises(NoKubeconfig, match=r"gone: .*mend what KUBECONFIG says"):
        access(environ={"HOME": str(tmp_path), "KUBECONFIG": str(tmp_path / "gone")})
    with pytest.raises(NoKubeconfig, match=r"no such file.*mend what --kubeconfig says"):
        access(str(tmp_path / "missing"))


def test_the_proxy_of_the_kubeconfig_counts_before_that_of_the_environment(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, cluster="proxy-url: 'http://own:1'")
    assert read(path, HTTPS_PROXY="http://other:1").proxy == "http://own:1"


@pytest.mark.parametrize(
    ("environ", "proxy"),
    [
        ({"HTTPS_PROXY": "http://p:1"}, "http://p:1"),
        ({"https_proxy": "http://p:1"}, "http://p:1"),
        ({"HTTP_PROXY": "http://p:1"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "10.0.0.0/8, .example"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "*"}, ""),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "ample, 10.0.0.0/8"}, "http://p:1"),
        ({"HTTPS_PROXY": "http://p:1", "NO_PROXY": "k.example:6443,"}, ""),
    ],
)
def test_the_proxy_of_the_environment_is_used_but_for_exceptions(
    tmp_path: Path, environ: dict[str, str], proxy: str
) -> None:
    assert read(kubeconfig(tmp_path), **environ).proxy == proxy


def test_addresses_are_exempt_from_the_proxy_by_network(tmp_path: Path) -> None:
    path = kubeconfig(tmp_path, cluster="server: 'https://10.1.2.3:6443'")
    assert read(path, HTTPS_PROXY="http://p:1", NO_PROXY="10.0.0.0/8").proxy == ""


def test_in_a_pod_the_service_account_is_used(tmp_path: Path) -> None:
    for name, content in (("token", "t"), ("ca.crt", PEM), ("namespace", "ops\n")):
        (tmp_path / name).write_text(content)
    environ = {"KUBERNETES_SERVICE_HOST": "fd00::1", "KUBERNETES_SERVICE_PORT": "443", "HTTPS_PROXY": "http://p:1"}
    assert msgspec.to_builtins(in_cluster(environ, tmp_path)) == msgspec.to_builtins(
        Access("https://[fd00::1]:443", namespace="ops", authority=PEM, token_file=str(tmp_path / "token"))
    )


def test_outside_of_a_pod_there_is_no_service_account(tmp_path: Path) -> None:
    with pytest.raises(NoKubeconfig, match="not a pod"):
        in_cluster({}, tmp_path)
