"""The authority of a cluster and the operator's own certificate, in handshakes with certificates that pods make."""

import shutil
import socket
import ssl
import subprocess
import threading
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from shoal.backends.kubernetes.certificates import client_context, new_authority
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS, AUTHORITY_PATH, DAYS, certificate_maker
from shoal.spec.reserved import TLS_PATH as PATH

pytestmark = pytest.mark.skipif(shutil.which("openssl") is None, reason="there is no openssl")
NOW = datetime.now(UTC)
LOOPBACK = "127.0.0.1"


def a_pods_files(folder: Path, authority: dict[str, str]) -> Path:
    """What the init container of a pod at 127.0.0.1 makes of the authority."""
    own, given = folder / "own", folder / "authority"
    own.mkdir()
    given.mkdir()
    for name, value in authority.items():
        (given / name).write_text(value)
    shell, flag, script = certificate_maker({}, ("c-head-svc",))["command"]
    script = script.replace(PATH, str(own)).replace(AUTHORITY_PATH, str(given))
    environment = {"PATH": "/usr/bin:/bin:/usr/local/bin", "RAY_TLS_ADDRESSES": LOOPBACK}
    subprocess.run([shell, flag, script], check=True, capture_output=True, env=environment)
    return own


def meet(own: Path, client: ssl.SSLContext) -> str:
    """What a server that lets nobody in without a certificate, as Ray's do, says to the client."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(own / "tls.crt", own / "tls.key")
    context.load_verify_locations(own / "ca.crt")
    context.verify_mode = ssl.CERT_REQUIRED
    with socket.create_server((LOOPBACK, 0)) as listener:

        def serve() -> None:
            connection, _ = listener.accept()
            try:
                with context.wrap_socket(connection, server_side=True) as secured:
                    secured.sendall(b"welcome")
            except (ssl.SSLError, OSError):
                connection.close()

        server = threading.Thread(target=serve)
        server.start()
        try:
            with (
                socket.create_connection(listener.getsockname()[:2]) as plain,
                client.wrap_socket(plain, server_hostname=LOOPBACK) as secured,
            ):
                return secured.recv(16).decode()
        finally:
            server.join()


def test_the_operator_is_let_in_by_a_pod_of_the_same_authority(tmp_path: Path) -> None:
    authority = new_authority("ray-ca-c", NOW)
    assert meet(a_pods_files(tmp_path, authority), client_context(authority, NOW)) == "welcome"


def test_a_pod_of_another_authority_is_not_believed(tmp_path: Path) -> None:
    own = a_pods_files(tmp_path, new_authority("ray-ca-c", NOW))
    with pytest.raises(ssl.SSLCertVerificationError):
        meet(own, client_context(new_authority("ray-ca-c", NOW), NOW))


def test_who_shows_no_certificate_is_not_let_in(tmp_path: Path) -> None:
    authority = new_authority("ray-ca-c", NOW)
    stranger = ssl.create_default_context(cadata=authority["tls.crt"])
    with pytest.raises(ssl.SSLError):
        assert meet(a_pods_files(tmp_path, authority), stranger) != "welcome"


def test_openssl_takes_the_authority_for_one_that_signs_and_no_more(tmp_path: Path) -> None:
    authority = new_authority("ray-ca-c", NOW)
    (tmp_path / "ca.crt").write_text(authority["tls.crt"])
    show = ["openssl", "x509", "-in", str(tmp_path / "ca.crt"), "-noout", "-text"]
    text = subprocess.run(show, check=True, capture_output=True, text=True).stdout
    assert "CA:TRUE, pathlen:0" in text
    assert "Certificate Sign, CRL Sign" in text
    assert "Subject: CN = ray-ca-c" in text or "Subject: CN=ray-ca-c" in text
    seconds = int((timedelta(days=DAYS) - timedelta(hours=1)).total_seconds())
    for more, holds in ((-3600, True), (3600 * 2, False)):
        check = ["openssl", "x509", "-in", str(tmp_path / "ca.crt"), "-noout", "-checkend", str(seconds + more)]
        assert (subprocess.run(check, check=False, capture_output=True).returncode == 0) is holds


def test_no_two_authorities_have_a_key_in_common() -> None:
    first, second = (new_authority("ray-ca-c", NOW) for _ in range(2))
    assert tuple(first) == AUTHORITY_KEYS
    assert first["tls.key"] != second["tls.key"]


def test_what_is_no_authority_is_refused() -> None:
    with pytest.raises(ValueError, match=r"(?i)pem"):
        client_context({"tls.crt": "nothing", "tls.key": "of the kind"}, NOW)
