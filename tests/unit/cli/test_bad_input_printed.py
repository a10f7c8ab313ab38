"""What a person sees for each bad input; the cases are tests/cases/cli/bad_input.yaml, the table docs/bad-input.md.

Set SHOAL_WRITE_CASES=1 to write down what is printed now; then read the difference.
"""

import os
import shutil
import socket
from collections import namedtuple
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError
from pathlib import Path

import msgspec
import pytest
import yaml

from shoal.backends.local import paths, preflight
from shoal.backends.local.paths import known_clusters
from shoal.cli.main import run

CASES_FILE = Path(__file__).parents[2] / "cases/cli/bad_input.yaml"
WRITE_DOWN = bool(os.environ.get("SHOAL_WRITE_CASES"))  # read now: every test clears it
EXAMPLE = Path(__file__).parents[3] / "examples/raycluster-complete.yaml"


class Case(msgspec.Struct, forbid_unknown_fields=True):
    """text: of the file, edit: what to replace in the example, arrange: what else is bad; prints: all of stderr."""

    name: str
    prints: str = ""
    exit: int = 2
    arrange: str = ""
    text: str | None = None
    edit: tuple[str, str] | None = None
    command: str = "up FILE --yes"


def load() -> tuple[Case, ...]:
    return msgspec.convert(yaml.safe_load(CASES_FILE.read_text()), tuple[Case, ...])


@pytest.fixture
def spec_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("NO_COLOR", "1")
    yield tmp_path / "cluster.yaml"
    if os.geteuid() != os.getuid():
        os.seteuid(os.getuid())


@pytest.mark.parametrize("case", load(), ids=lambda case: case.name)
def test_bad_input_is_explained_and_nothing_is_started(
    case: Case, spec_file: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(preflight, "version", lambda package: f"{preflight.TESTED_RAY}.0")
    spec_file.write_bytes(content(case))
    command = arrange(case, spec_file, monkeypatch).replace("FILE", spec_file.name).split()
    code = run(command)
    if os.geteuid() != os.getuid():
        os.seteuid(os.getuid())
    printed = capfd.readouterr().err.replace(str(spec_file.parent), "FOLDER")
    if WRITE_DOWN:
        write_down(case.name, printed, code)
    assert (code, printed) == (case.exit, case.prints)
    assert "Traceback" not in printed
    assert not known_clusters()
    assert not paths.clusters_home().exists() or not any(paths.clusters_home().iterdir())


def content(case: Case) -> bytes:
    if case.edit is not None:
        before, after = case.edit
        whole = EXAMPLE.read_text()
        assert before in whole, f"{before!r} is not in the example any more"
        return whole.replace(before, after, 1).encode()
    if case.text is not None:
        return case.text.encode()
    return EXAMPLE.read_bytes()


def arrange(case: Case, file: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Make the world as bad as the case wants it; the command to run in it."""
    match case.arrange:
        case "no file":
            file.rename(file.with_name("clusters.yaml"))
        case "folder":
            file.unlink()
            file.mkdir()
            (file / "small.yaml").touch()
        case "unreadable":
            file.chmod(0)
            if os.getuid() == 0:
                os.chmod(file.parent, 0o755)  # noqa: PTH101 - root may read anything, so be no one for the while
                os.seteuid(65534)
        case "binary":
            file.write_bytes(b"\x7fELF\x02\x01\x01\x00" + bytes(64))
        case "ten megabytes":
            file.write_bytes(b"a: 1\n" * 2_000_000)
        case "deep nesting":
            file.write_bytes(b"a: " + b"[" * 10_000)
        case "two clusters":
            text = file.read_text()
            file.write_text(text + "---\n" + text.replace("raycluster-complete", "another"))
        case "two namespaces":
            text = file.read_text()
            file.write_text(text + "---\n" + text.replace("  name: ", "  namespace: b\n  name: ", 1))
        case "link in a circle":
            file.unlink()
            file.symlink_to(file.name)
        case "idle pipe":
            file.unlink()
            os.mkfifo(file)
        case "same cluster twice":
            file.write_text(file.read_text() + "---\n" + file.read_text())
        case "same group twice":
            text = file.read_text()
            group = text[text.index("    - groupName") :]
            file.write_text(text.rstrip("\n") + "\n" + group)
        case _:
            arrange_machine(case, file, monkeypatch)
    return case.command


def arrange_machine(case: Case, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make the machine as bad as the case wants it, where the file is sound."""
    match case.arrange:
        case "ray is not installed":
            monkeypatch.setattr(preflight, "version", no_ray)
        case "another ray":
            monkeypatch.setattr(preflight, "version", lambda package: "2.9.3")
        case "disk full":
            monkeypatch.setattr(paths, "runtime_home", lambda: file.parent / "runtime")
            usage = namedtuple("usage", "total used free")
            monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 4096))
        case "no shared memory":
            monkeypatch.setattr(preflight, "SHM", file.parent)
            real = os.statvfs
            small = os.statvfs_result((1, 4096, 100, 9, 9, 1, 1, 1, 0, 255))
            monkeypatch.setattr(os, "statvfs", lambda path: small if path == file.parent else real(path))
        case "port taken":
            listener = socket.socket()
            listener.bind(("127.0.0.1", 28265))
            listener.listen()
            KEPT.append(listener)
        case "":
            pass
        case other:
            pytest.fail(f"no such arrangement: {other}")


KEPT: list[socket.socket] = []


@pytest.fixture(autouse=True)
def close_sockets() -> Iterator[None]:
    yield
    while KEPT:
        KEPT.pop().close()


def no_ray(package: str) -> str:
    raise PackageNotFoundError(package)


def write_down(name: str, printed: str, code: int) -> None:
    cases = yaml.safe_load(CASES_FILE.read_text())
    next(case for case in cases if case["name"] == name).update(prints=printed, exit=code)
    yaml.add_representer(str, block_style, yaml.SafeDumper)
    CASES_FILE.write_text(yaml.safe_dump(cases, sort_keys=False, width=1000, allow_unicode=True))


def block_style(dumper: yaml.SafeDumper, text: str) -> yaml.ScalarNode:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style="|" if "\n" in text else None)
