"""Somebody outside of a Kubernetes who knows its host names, an authority, and nothing else."""

import http.client
import json
import socket
import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path

from raynode import RayOnNode

REQUEST_S = 60.0
HTTP, HTTPS = 80, 443


@dataclass(frozen=True)
class Answer:
    """status: 0 where there was none. to: where it leads instead."""

    status: int
    text: str = ""
    to: str = ""


@dataclass(frozen=True)
class Outside:
    """folder: of our own. address: to which all host names lead. authority: the certificate that we trust alone."""

    folder: Path
    address: str
    authority: Path
    hosts: tuple[str, ...]

    def ask(self, host: str, path: str, token: str = "", *, body: object = None, tls: bool = True) -> Answer:
        """GET, or POST where there is a body. Raises ssl.SSLError where the certificate isn't the one."""
        link = http.client.HTTPConnection(host, timeout=REQUEST_S)
        try:
            link.sock = self._line(host, tls=tls)
            headers = {"Authorization": f"Bearer {token}"} if token else {}
            data = None if body is None else json.dumps(body)
            link.request("GET" if data is None else "POST", path, data, headers)
            answer = link.getresponse()
            return Answer(answer.status, answer.read().decode(), answer.headers.get("Location", ""))
        except (ConnectionError, http.client.HTTPException, ssl.SSLEOFError):
            return Answer(0)
        finally:
            link.close()

    def ray(self, cluster: RayOnNode, *arguments: str, token: str) -> "subprocess.CompletedProcess[str]":
        """Stock `ray`, for which the host names lead where ours do, and nothing else does."""
        names = self.folder / "hosts"
        names.write_text("".join(f"{self.address} {host}\n" for host in self.hosts))
        told = f'mount --bind {names} /etc/hosts && exec "$@"'
        command = ["unshare", "--mount", "sh", "-c", told, "sh", "ray", *arguments]
        return cluster.run(command, RAY_AUTH_MODE="token", RAY_AUTH_TOKEN=token)

    def _line(self, host: str, *, tls: bool) -> socket.socket:
        plain = socket.create_connection((self.address, HTTPS if tls else HTTP), REQUEST_S)
        if not tls:
            return plain
        context = ssl.create_default_context(cafile=str(self.authority))
        try:
            return context.wrap_socket(plain, server_hostname=host)
        except OSError:
            plain.close()
            raise
