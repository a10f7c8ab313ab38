"""X.509 for TLS between a cluster's nodes: its authority, and the certificate by which the operator itself is let in.

`cryptography` takes 11 MB of memory, so whoever needs this module imports it where a cluster has asked for TLS.
"""

import os
import ssl
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta
from tempfile import NamedTemporaryFile
from typing import TypeAlias

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from shoal.backends.kubernetes.tls import trusting
from shoal.desired.kubernetes.certificates import AUTHORITY_KEYS, DAYS

EARLIER = timedelta(hours=1)
"""For how long before it was made a certificate holds already: clocks differ."""
OPERATOR = "shoal-operator"
NO_USE = dict.fromkeys(
    (
        "digital_signature",
        "content_commitment",
        "key_encipherment",
        "data_encipherment",
        "key_agreement",
        "encipher_only",
        "decipher_only",
    ),
    False,
)
SIGNS = x509.KeyUsage(**NO_USE, key_cert_sign=True, crl_sign=True)
Key: TypeAlias = ec.EllipticCurvePrivateKey


def new_authority(name: str, now: datetime) -> dict[str, str]:
    """A certificate that may sign those of nodes, signed by its own key, and that key: PEM, by their keys in a Secret.

    name: what stands in it for people. now: UTC.
    """
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _begun(name, name, key, now)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .add_extension(SIGNS, critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .sign(key, hashes.SHA256())
    )
    return dict(zip(AUTHORITY_KEYS, _pem(made, key), strict=True))


def client_context(authority: Mapping[str, str], now: datetime) -> ssl.SSLContext:
    """Connects to nodes whose certificates come from ``authority``, and shows them one: Ray lets in nobody without.

    authority: as ``new_authority`` gives it. now: UTC. Raises ValueError for what is no authority.
    """
    certificate, private = (authority[name].encode() for name in AUTHORITY_KEYS)
    issuer = x509.load_pem_x509_certificate(certificate)
    signer = serialization.load_pem_private_key(private, password=None)
    if not isinstance(signer, Key):
        raise ValueError("the authority's key is not one of an elliptic curve")
    key = ec.generate_private_key(ec.SECP256R1())
    made = (
        _begun(OPERATOR, issuer.subject, key, now)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.CLIENT_AUTH]), critical=False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(signer.public_key()), critical=False)
        .sign(signer, hashes.SHA256())
    )
    context = trusting(certificate.decode())
    with _file("".join(_pem(made, key))) as path:
        context.load_cert_chain(path)
    return context


def _begun(name: str, issuer: str | x509.Name, key: Key, now: datetime) -> x509.CertificateBuilder:
    return (
        x509.CertificateBuilder()
        .subject_name(_name(name))
        .issuer_name(issuer if isinstance(issuer, x509.Name) else _name(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - EARLIER)
        .not_valid_after(now + timedelta(days=DAYS))
    )


def _name(common: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, common)])


def _pem(certificate: x509.Certificate, key: Key) -> tuple[str, str]:
    pem, plain = serialization.Encoding.PEM, serialization.NoEncryption()
    private = key.private_bytes(pem, serialization.PrivateFormat.PKCS8, plain)
    return certificate.public_bytes(pem).decode(), private.decode()


@contextmanager
def _file(content: str) -> Iterator[str]:
    """A path to read ``content`` from, for as long as needed; on Linux it is on no disk, where none may be writable."""
    if hasattr(os, "memfd_create"):
        with os.fdopen(os.memfd_create("pair"), "w") as file:
            file.write(content)
            file.flush()
            yield f"/proc/self/fd/{file.fileno()}"
        return
    with NamedTemporaryFile("w") as file:
        file.write(content)
        file.flush()
        yield file.name
