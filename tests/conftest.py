"""A home of its own for every test, no process left over by any, and what was skipped said aloud."""

import contextlib
import ctypes
import importlib.util
import os
import shutil
import signal
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings

import schedule

XDG_FOLDERS = {
    "XDG_STATE_HOME": ".local/state",
    "XDG_CONFIG_HOME": ".config",
    "XDG_CACHE_HOME": ".cache",
    "XDG_RUNTIME_DIR": ".run",
}
KEPT = {"SHOAL_KUBERAY_DIR", "SHOAL_RAY_2_2", "SHOAL_TITANIC"}
PR_SET_CHILD_SUBREAPER = 36
LAST_BREATH_S = 30.0

settings.register_profile("shoal", deadline=None)  # a machine with much else to do is no fault
settings.load_profile("shoal")


def pytest_configure(config: pytest.Config) -> None:
    """Show the slowest tests, so that none grows slow unseen."""
    if config.option.durations is None:
        config.option.durations, config.option.durations_min = 10, 1.0


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The cheap before the dear. What needs a package that is not installed is skipped, and the rest still runs."""
    items.sort(key=schedule.cost)
    needs = (
        ("ray", "ray", "local"),
        ("air", "xgboost", "air"),
        ("torch", "torch", "torch"),
        ("rllib", "gymnasium", "rllib"),
    )
    for marker, package, extra in needs:
        if importlib.util.find_spec(package) is None:
            for item in items:
                if item.get_closest_marker(marker):
                    reason = f"{package} is not installed (pip install 'shoal[{extra}]')"
                    item.add_marker(pytest.mark.skip(reason=reason))


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup() -> None:
    """No test begins when the time is up."""
    schedule.skip_when_time_is_up()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Count the skipped tests by reason."""
    reasons = Counter(report.longrepr[2] for report in terminalreporter.stats.get("skipped", []))
    if reasons:
        terminalreporter.section("skipped, by reason")
        for reason, count in reasons.most_common():
            terminalreporter.write_line(f"{count:5}  {reason.removeprefix('Skipped: ')}")


def enter_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Point HOME and the XDG folders into ``home`` and forget every RAY_ and SHOAL_ variable."""
    monkeypatch.setenv("HOME", str(home))
    for variable, folder in XDG_FOLDERS.items():
        (home / folder).mkdir(parents=True, mode=0o700)
        monkeypatch.setenv(variable, str(home / folder))
    for variable in os.environ:
        if variable.startswith(("RAY_", "SHOAL_")) and variable not in KEPT:
            monkeypatch.delenv(variable)


@pytest.fixture(scope="module", autouse=True)
def module_home() -> Iterator[Path]:
    """A home for the fixtures and tests that share a cluster. Its path is short: Ray's socket names are limited."""
    home = Path(tempfile.mkdtemp(prefix="sh-"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        enter_home(home, monkeypatch)
        yield home
    shutil.rmtree(home)


@pytest.fixture(autouse=True)
def home(request: pytest.FixtureRequest, module_home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The test's home: its own, or the module's where the test runs on real Ray."""
    if request.node.get_closest_marker("ray"):
        return module_home
    private = tmp_path / "home"
    enter_home(private, monkeypatch)
    return private


def descendants() -> dict[int, str]:
    """Every living process that comes from this one: pid to command line."""
    parents: dict[int, int] = {}
    commands: dict[int, str] = {}
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            state, parent = (folder / "stat").read_text().rpartition(")")[2].split()[:2]
            command = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
        except (FileNotFoundError, ProcessLookupError):
            continue  # it ended while we looked
        if state != "Z":
            parents[int(folder.name)], commands[int(folder.name)] = int(parent), command

    def is_ours(pid: int) -> bool:
        return pid == os.getpid() or (pid in parents and is_ours(parents[pid]))

    return {pid: command for pid, command in commands.items() if pid != os.getpid() and is_ours(pid)}


@pytest.fixture(scope="session", autouse=True)
def no_leaks() -> Iterator[None]:
    """Fail when a process that a test started outlives the session, whatever its name and environment.

    This process adopts its orphaned descendants for that: a daemon can't hide by leaving its parent. Ray's workers are
    given a moment: they end by themselves when they see that their raylet has, and `ray.shutdown` doesn't wait for it.
    """
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    before = descendants()
    yield
    ends = time.monotonic() + LAST_BREATH_S
    while left := {pid: command for pid, command in descendants().items() if pid not in before}:
        if time.monotonic() > ends:
            break
        time.sleep(0.1)
    for pid in left:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert not left, f"processes left over, ended now: {left}"
