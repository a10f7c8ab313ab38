"""What a driver needs where Ray's traffic is encrypted: Ray lets in nobody without a certificate of its authority."""

import asyncio

from shoal.backends.kubernetes.remote.errors import CertificateUnavailable
from shoal.backends.kubernetes.remote.execute import execute, gathered
from shoal.backends.kubernetes.remote.head import TRUE, RayPod, seat_of
from shoal.backends.kubernetes.remote.websocket import Sockets

FILES = ("RAY_TLS_CA_CERT", "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY")
"""Variables of Ray that name a file; what a server has serves a client too."""


async def certificate_of(sockets: Sockets, head: RayPod) -> dict[str, str]:
    """The head's own certificate, its key and its authority, PEM, by the variable that names the file of each.

    {} where nothing is encrypted. Raises CertificateUnavailable, and what ``execute`` raises.
    """
    if head.variable("RAY_USE_TLS").value not in TRUE:
        return {}
    paths = [head.variable(name).value for name in FILES]
    seat = seat_of(head)
    starts = (execute(sockets, seat, ["cat", "--", path], stdin=False, tty=False) for path in paths)
    said = await asyncio.gather(*map(gathered, starts))
    for name, (code, text) in zip(FILES, said, strict=True):
        if code != 0:
            why = f"the file that {name} names in its head can't be read: {text.strip()}"
            raise CertificateUnavailable(why, where=head.metadata.name)
    return {name: text for name, (_, text) in zip(FILES, said, strict=True)}
