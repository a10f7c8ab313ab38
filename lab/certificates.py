"""Keys and certificates of one lab, by openssl: an authority, the API server's, and one for each user."""

import secrets
from pathlib import Path

from lab.shell import find, run

DAYS = "365"
SERVER_EXTENSIONS = "extendedKeyUsage=serverAuth\nsubjectAltName={names}\n"
USER_EXTENSIONS = "extendedKeyUsage=clientAuth\n"
# Python 3.13 refuses a leaf that doesn't name its authority's key.
LEAF_EXTENSIONS = (
    "basicConstraints=critical,CA:FALSE\nkeyUsage=critical,digitalSignature\nauthorityKeyIdentifier=keyid\n"
)
NEW_KEY = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes")


def openssl() -> str:
    """The program."""
    return find("openssl", "run: sudo python -m lab deps")


def make_authority(folder: Path) -> None:
    """ca.crt and ca.key."""
    extensions = ("-addext", "keyUsage=critical,keyCertSign,cRLSign")
    files = ("-keyout", folder / "ca.key", "-out", folder / "ca.crt")
    run([openssl(), "req", "-x509", *NEW_KEY, *files, "-days", DAYS, "-subj", "/CN=shoal-lab", *extensions])


def make_service_account_key(folder: Path) -> None:
    """sa.key, which signs the tokens of service accounts, and sa.pub."""
    run([openssl(), "ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", folder / "sa.key"])
    run([openssl(), "ec", "-in", folder / "sa.key", "-pubout", "-out", folder / "sa.pub"])


def make_server_certificate(folder: Path, addresses: list[str], names: list[str], file: str = "server") -> None:
    """FILE.crt and FILE.key, for these IP addresses and DNS names."""
    alternatives = ",".join([*(f"IP:{each}" for each in addresses), *(f"DNS:{each}" for each in names)])
    _certificate(folder, file, f"/CN={file}", SERVER_EXTENSIONS.format(names=alternatives))


def make_user_certificate(folder: Path, file: str, user: str, group: str) -> None:
    """FILE.crt and FILE.key for a user of a group."""
    _certificate(folder, file, f"/O={group}/CN={user}", USER_EXTENSIONS)


def _certificate(folder: Path, file: str, subject: str, extensions: str) -> None:
    request = run([openssl(), "req", "-new", *NEW_KEY, "-keyout", folder / f"{file}.key", "-subj", subject])
    (folder / "extensions").write_text(LEAF_EXTENSIONS + extensions)
    authority = ("-CA", folder / "ca.crt", "-CAkey", folder / "ca.key", "-set_serial", str(secrets.randbits(63)))
    out = ("-out", folder / f"{file}.crt", "-days", DAYS, "-extfile", folder / "extensions")
    run([openssl(), "x509", "-req", *authority, *out], stdin=request)
    (folder / "extensions").unlink()
