"""Certificates of a cluster's nodes: who makes them, and that the script makes ones that Ray takes."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from shoal.desired.kubernetes.certificates import (
    AUTHORITY_PATH,
    AUTHORITY_VOLUME,
    certificate_maker,
    mounts,
    volumes,
)
from shoal.desired.kubernetes.objects import objects
from shoal.desired.kubernetes.settings import Settings
from shoal.spec.raycluster import RayCluster
from shoal.spec.reserved import TLS_PATH as PATH
from shoal.spec.reserved import TLS_VOLUME as VOLUME

SPEC = {
    "headGroupSpec": {"template": {"spec": {"containers": [{"name": "ray-head"}]}}},
    "tlsOptions": {"enabled": True},
}
BODY = {
    "apiVersion": "ray.io/v1",
    "kind": "RayCluster",
    "metadata": {"name": "c", "uid": "0123456789-abcd"},
    "spec": SPEC,
}
CLUSTER = msgspec.convert(BODY, RayCluster)


def test_whoever_creates_the_secret_makes_the_authority() -> None:
    found = {item.key: item for item in objects(CLUSTER, SPEC, Settings(profile="compat"))}
    secret = found["Secret/c-ca-secret-01234567"]
    assert secret.generated == ("tls.crt", "tls.key")
    assert secret.body["type"] == "kubernetes.io/tls"


def test_only_the_init_container_sees_the_authoritys_key() -> None:
    assert [volume["name"] for volume in volumes(CLUSTER)] == [VOLUME, AUTHORITY_VOLUME]
    assert [mount["name"] for mount in mounts()] == [VOLUME]
    assert {mount["name"] for mount in certificate_maker({}, ())["volumeMounts"]} == {VOLUME, AUTHORITY_VOLUME}


@pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
def test_the_script_makes_a_certificate_for_every_address_and_name_of_the_pod(tmp_path: Path) -> None:
    own, authority = tmp_path / "own", tmp_path / "authority"
    own.mkdir()
    authority.mkdir()
    openssl = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]
    files = ["-keyout", str(authority / "tls.key"), "-out", str(authority / "tls.crt")]
    subprocess.run([*openssl, "-subj", "/CN=ray-ca", *files], check=True, capture_output=True)
    shell, flag, script = certificate_maker({}, ("c-head-svc", "c-head-svc.ns.svc.cluster.local"))["command"]
    script = script.replace(PATH, str(own)).replace(AUTHORITY_PATH, str(authority))
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "RAY_TLS_ADDRESSES": "10.1.2.3,fd00::7"}
    subprocess.run([shell, flag, script], check=True, capture_output=True, env=environment)
    assert sorted(path.name for path in own.iterdir()) == ["ca.crt", "tls.crt", "tls.key"]
    for option, name in (
        ("-verify_ip", "10.1.2.3"),
        ("-verify_ip", "fd00::7"),
        ("-verify_ip", "127.0.0.1"),
        ("-verify_hostname", "c-head-svc.ns.svc.cluster.local"),
        ("-verify_hostname", "localhost"),
    ):
        check = ["openssl", "verify", "-CAfile", str(own / "ca.crt"), "-purpose", "sslserver", option, name]
        subprocess.run([*check, str(own / "tls.crt")], check=True, capture_output=True)
    wrong = ["openssl", "verify", "-CAfile", str(own / "ca.crt"), "-verify_ip", "10.9.9.9", str(own / "tls.crt")]
    assert subprocess.run(wrong, check=False, capture_output=True).returncode != 0
