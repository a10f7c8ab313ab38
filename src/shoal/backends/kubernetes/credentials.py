"""Who asks: bearer tokens and client certificates, got again when they have been renewed or have run out."""

import asyncio
import base64
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import Any

import msgspec

from shoal.backends.kubernetes.errors import CredentialsMissing
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.kubeconfig_file import Exec
from shoal.spec.wire import Wire

REREAD_S = 60.0
"""A service account's token is renewed long before it ends; reading the file once a minute is soon enough."""
EXEC_TIMEOUT_S = 60.0
EARLY_S = 30.0
"""Credentials that end sooner than this are got anew."""


class Credentials(msgspec.Struct, frozen=True):
    """What a request shows. token: bearer, or ""; certificate, key: PEM, or ""."""

    token: str = ""
    certificate: str = ""
    key: str = ""


class _ExecStatus(Wire, frozen=True):
    token: str = ""
    client_certificate_data: str = ""
    client_key_data: str = ""
    expiration_timestamp: datetime | None = None


class _ExecCredential(Wire, frozen=True):
    status: _ExecStatus = _ExecStatus()


class CredentialSource:
    """The credentials of ``access``, as they are now.

    now: seconds since the epoch; used for what expires, and to read a file again.
    """

    def __init__(self, access: Access, now: Callable[[], float]) -> None:
        self._access = access
        self._now = now
        self._held: Credentials | None = None
        self._until = 0.0
        self._lock = asyncio.Lock()

    async def get(self) -> Credentials:
        """The ones to show now. Raises CredentialsMissing."""
        if self._held is None or self._now() >= self._until:
            async with self._lock:  # a program that asks a person must ask once
                if self._held is None or self._now() >= self._until:
                    self._held, self._until = await self._fetch()
        return self._held

    async def after_refusal(self, refused: Credentials) -> Credentials:
        """The ones to try after the server did not accept ``refused``: the same when there are no others."""
        async with self._lock:
            if self._held == refused:
                self._held, self._until = await self._fetch()
        return await self.get()

    async def _fetch(self) -> tuple[Credentials, float]:
        access = self._access
        fixed = Credentials(access.token, access.certificate, access.key)
        if access.token_file:
            token = _first_line(Path(access.token_file))
            return msgspec.structs.replace(fixed, token=token), self._now() + REREAD_S
        if access.token or access.exec is None:
            return fixed, float("inf")
        status = await _run(access.exec, access)
        ends = status.expiration_timestamp
        shown = Credentials(
            status.token, status.client_certificate_data or fixed.certificate, status.client_key_data or fixed.key
        )
        return shown, ends.timestamp() - EARLY_S if ends else float("inf")


def _first_line(path: Path) -> str:
    try:
        return path.read_text().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialsMissing(f"can't read the token: {error}", where=str(path)) from error


async def _run(program: Exec, access: Access) -> _ExecStatus:
    """What the program prints. It may ask a person: it has this process's terminal."""
    argv = [_path(program), *program.args]
    environment = {
        **os.environ,
        **{entry.name: entry.value for entry in program.env},
        "KUBERNETES_EXEC_INFO": msgspec.json.encode(_info(program, access)).decode(),
    }
    try:
        process = await asyncio.create_subprocess_exec(*argv, env=environment, stdout=asyncio.subprocess.PIPE)
    except OSError as error:
        raise CredentialsMissing(
            f"can't run {argv[0]!r}, which the kubeconfig names: {error.strerror}",
            next_step=program.install_hint.strip() or "install it, or mend its path in the kubeconfig",
        ) from error
    try:
        printed, _ = await asyncio.wait_for(process.communicate(), EXEC_TIMEOUT_S)
    except TimeoutError as error:
        raise CredentialsMissing(f"{argv[0]!r} gave no credentials within {EXEC_TIMEOUT_S:g} s") from error
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
    if process.returncode:
        raise CredentialsMissing(
            f"{argv[0]!r}, which the kubeconfig names, failed with {process.returncode}", next_step="see what it says"
        )
    try:
        return msgspec.json.decode(printed, type=_ExecCredential).status
    except msgspec.DecodeError as error:
        raise CredentialsMissing(f"{argv[0]!r} printed no ExecCredential: {error}") from error


def _path(program: Exec) -> str:
    """The program; one given with a relative path is beside the kubeconfig."""
    return str(Path(program.folder) / program.command) if "/" in program.command else program.command


def _info(program: Exec, access: Access) -> dict[str, Any]:
    spec: dict[str, Any] = {"interactive": program.interactive_mode != "Never" and os.isatty(0)}
    if program.provide_cluster_info:
        spec["cluster"] = {
            "server": access.server,
            "certificate-authority-data": base64.b64encode(access.authority.encode()).decode(),
            "insecure-skip-tls-verify": access.insecure,
            "tls-server-name": access.server_name,
            "proxy-url": access.proxy,
        }
    return {"apiVersion": program.api_version, "kind": "ExecCredential", "spec": spec}
