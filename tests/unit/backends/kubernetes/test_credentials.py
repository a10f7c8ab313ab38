"""Credentials that run out, and programs that give them. The clock is a number."""

import asyncio
import os
from pathlib import Path

import msgspec
import pytest

from shoal.backends.kubernetes.credentials import REREAD_S, Credentials, CredentialSource
from shoal.backends.kubernetes.errors import CredentialsMissing
from shoal.backends.kubernetes.kubeconfig import Access
from shoal.backends.kubernetes.kubeconfig_file import EnvVar, Exec

SERVER = "https://k.example"
YEAR_2100 = "2100-01-01T00:00:00Z"


class Clock:
    """now: seconds since the epoch."""

    now = 4_102_444_800.0 - 3600  # an hour before the year 2100

    def __call__(self) -> float:
        return self.now


def plugin(folder: Path, script: str) -> Exec:
    """A program ``login`` in ``folder``; it counts its runs in a file ``runs`` there."""
    program = folder / "login"
    program.write_text(f"#!/bin/sh\necho run >> {folder}/runs\n{script}\n")
    program.chmod(0o700)
    return Exec("./login", folder=str(folder), args=("a b", "$HOME"), env=(EnvVar("EXTRA", "yes"),))


def printing(**status: str) -> str:
    """A script that prints an ExecCredential."""
    shown = msgspec.json.encode({"kind": "ExecCredential", "status": status}).decode()
    return f"echo '{shown}'"


def runs(folder: Path) -> int:
    return (folder / "runs").read_text().count("run")


def source(access: Access, clock: Clock | None = None) -> CredentialSource:
    return CredentialSource(access, clock or Clock())


def test_a_fixed_token_and_certificate_are_shown_as_they_are() -> None:
    access = Access(SERVER, token="t", certificate="c", key="k")
    shown = asyncio.run(source(access).get())
    assert shown == Credentials("t", "c", "k")
    assert asyncio.run(source(access).after_refusal(shown)) == shown


def test_a_token_that_is_renewed_in_its_file_is_read_again(tmp_path: Path) -> None:
    file, clock = tmp_path / "token", Clock()
    file.write_text("old\n")
    tokens = source(Access(SERVER, token_file=str(file)), clock)

    async def read() -> list[str]:
        first = await tokens.get()
        file.write_text("new\n")
        second = await tokens.get()
        clock.now += REREAD_S
        return [entry.token for entry in (first, second, await tokens.get())]

    assert asyncio.run(read()) == ["old", "old", "new"]


def test_a_refused_token_is_read_again_at_once(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text("old")
    tokens = source(Access(SERVER, token_file=str(file)))

    async def read() -> Credentials:
        refused = await tokens.get()
        file.write_text("new")
        return await tokens.after_refusal(refused)

    assert asyncio.run(read()).token == "new"


def test_a_token_file_that_is_gone_is_told(tmp_path: Path) -> None:
    with pytest.raises(CredentialsMissing, match="token: can't read the token"):
        asyncio.run(source(Access(SERVER, token_file=str(tmp_path / "token"))).get())


def test_a_program_is_run_as_it_is_written_and_not_by_a_shell(tmp_path: Path) -> None:
    script = f'printf "%s\\n" "$@" "$EXTRA" "$KUBERNETES_EXEC_INFO" > {tmp_path}/got\n' + printing(token="t")
    access = Access(SERVER, exec=plugin(tmp_path, script))
    assert asyncio.run(source(access).get()).token == "t"
    *words, info = (tmp_path / "got").read_text().splitlines()
    assert words == ["a b", "$HOME", "yes"]
    spec = msgspec.json.decode(info)["spec"]
    assert "cluster" not in spec


def test_a_program_that_asks_for_it_is_told_of_the_server(tmp_path: Path) -> None:
    program = plugin(tmp_path, f'echo "$KUBERNETES_EXEC_INFO" > {tmp_path}/got\n' + printing(token="t"))
    access = Access(SERVER, exec=msgspec.structs.replace(program, provide_cluster_info=True), authority="ca")
    asyncio.run(source(access).get())
    cluster = msgspec.json.decode((tmp_path / "got").read_text())["spec"]["cluster"]
    assert (cluster["server"], cluster["certificate-authority-data"]) == (SERVER, "Y2E=")


def test_a_program_is_run_again_only_when_its_credentials_end(tmp_path: Path) -> None:
    clock = Clock()
    script = printing(token="t", expirationTimestamp=YEAR_2100)
    tokens = source(Access(SERVER, exec=plugin(tmp_path, script)), clock)

    async def ask() -> list[int]:
        await asyncio.gather(tokens.get(), tokens.get())
        before = runs(tmp_path)
        clock.now += 3600 - 20  # shortly before they end is too late to use them
        await tokens.get()
        return [before, runs(tmp_path)]

    assert asyncio.run(ask()) == [1, 2]


def test_refused_credentials_are_asked_for_once_however_many_were_refused(tmp_path: Path) -> None:
    tokens = source(
        Access(
            SERVER, exec=plugin(tmp_path, f'echo "{{\\"status\\":{{\\"token\\":\\"$(wc -l < {tmp_path}/runs)\\"}}}}"')
        )
    )

    async def ask() -> tuple[Credentials, ...]:
        refused = await tokens.get()
        return tuple(await asyncio.gather(*(tokens.after_refusal(refused) for _ in range(3))))

    assert {entry.token for entry in asyncio.run(ask())} == {"2"}
    assert runs(tmp_path) == 2


def test_a_program_may_give_a_certificate(tmp_path: Path) -> None:
    script = printing(clientCertificateData="c", clientKeyData="k")
    shown = asyncio.run(source(Access(SERVER, exec=plugin(tmp_path, script))).get())
    assert shown == Credentials("", "c", "k")


@pytest.mark.parametrize(
    ("script", "told"),
    [("exit 3", "failed with 3"), ("echo hello", "no ExecCredential"), ("true", "no ExecCredential")],
)
def test_a_program_that_gives_nothing_is_told(tmp_path: Path, script: str, told: str) -> None:
    with pytest.raises(CredentialsMissing, match=told):
        asyncio.run(source(Access(SERVER, exec=plugin(tmp_path, script))).get())


def test_a_program_that_is_not_installed_is_told_with_the_kubeconfigs_own_hint() -> None:
    program = Exec("no-such-program-anywhere", install_hint="brew install it")
    with pytest.raises(CredentialsMissing, match=r"no-such-program-anywhere.*brew install it"):
        asyncio.run(source(Access(SERVER, exec=program)).get())


def test_a_program_that_hangs_is_ended(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.backends.kubernetes.credentials.EXEC_TIMEOUT_S", 0.2)
    program = plugin(tmp_path, f"echo $$ > {tmp_path}/pid\nexec sleep 60")
    with pytest.raises(CredentialsMissing, match=r"within 0\.2 s"):
        asyncio.run(source(Access(SERVER, exec=program)).get())
    with pytest.raises(ProcessLookupError):
        os.kill(int((tmp_path / "pid").read_text()), 0)
