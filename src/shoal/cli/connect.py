"""`shoal connect NAME -- CMD`: way 3."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import click

from shoal.cli.completions import cluster_argument
from shoal.cli.console import Console
from shoal.errors import CommandNotRun, InputError
from shoal.runtime.address import Address

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shoal.backends.base import Endpoints
    from shoal.engine.versions import Versions

LETS_IN = ("RAY_AUTH_TOKEN", "RAY_USE_TLS", "RAY_TLS_")
"""How names of variables begin that may be of another cluster."""
# Ray's own way around its check; who sets it has decided.
IGNORE = "RAY_IGNORE_VERSION_MISMATCH"
_PYTHON = re.compile(r"python[\d.]*t?")


class ClientUnfit(InputError):
    """The Python that would run the command can't be a Ray Client of this cluster.

    A client sends pickled code to the cluster, so both need the same Ray version and the same Python up to the minor
    version (3.11 with 3.11). The message says which differs and what to install. `shoal exec` and `shoal submit` run
    the command on the head, with the head's Python, and have no such demand. Ray's own RAY_IGNORE_VERSION_MISMATCH=1
    skips the check.
    """

    code = "E501"


@click.command("connect")
@cluster_argument
@click.argument("argv", nargs=-1, required=True, type=click.UNPROCESSED, metavar="-- CMD")
@click.pass_obj
def command(console: Console, cluster: Address, argv: tuple[str, ...]) -> int:
    """Run CMD here, as a Ray Client of the cluster: `ray.init()` in it connects to ray://HOST:PORT.

    Before that, the Ray and Python versions of CMD are compared with the cluster's. The exit code is CMD's own.
    """
    import os
    import shutil

    from shoal.runtime.backend_for import backend_of

    backend = backend_of(cluster)
    with backend.reach(cluster.name) as endpoints:
        program = shutil.which(argv[0])
        if program is None:
            raise CommandNotRun(argv[0], FileNotFoundError())
        python = _interpreter(Path(program).absolute())
        if python is not None and IGNORE not in os.environ:
            _check(cluster.name, endpoints, python)
        # A token in the environment would take precedence over the file that holds this cluster's.
        own = {key: value for key, value in os.environ.items() if not key.startswith(LETS_IN)}
        environment = own | endpoints.environment | {"RAY_ADDRESS": endpoints.client}
        try:
            if backend.addresses_last:
                os.execve(program, argv, environment)  # noqa: S606
            return _run(program, argv, environment)
        except OSError as error:
            raise CommandNotRun(program, error) from None


def _run(program: str, argv: "Sequence[str]", environment: dict[str, str]) -> int:
    """Run it beside this process, which keeps the ports open; its exit code, as a shell would give it."""
    import signal
    import subprocess

    with subprocess.Popen([*argv], executable=program, env=environment) as process:
        # Ctrl-C reaches it too, and it decides what becomes of that.
        before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: process.terminate())
        try:
            code = process.wait()
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
    return code if code >= 0 else 128 - code


def _interpreter(program: Path) -> Path | None:
    """The Python that ``program`` is, or names in its first line; None if it is no matter of Python."""
    import shutil

    if _PYTHON.fullmatch(program.name):
        return program
    with program.open("rb") as file:
        first = file.readline(256).decode(errors="replace")
    words = first.removeprefix("#!").split() if first.startswith("#!") else []
    if words and words[0].endswith("/env"):
        words = [shutil.which(word) or word for word in words[1:] if not word.startswith("-")]
    return Path(words[0]) if words and _PYTHON.fullmatch(Path(words[0]).name) else None


def _check(name: str, endpoints: "Endpoints", python: Path) -> None:
    from shoal.engine.http_json import Dashboard
    from shoal.engine.versions import of_cluster, of_interpreter
    from shoal.runtime.jobs import token_in

    found = of_interpreter(python)
    if found is None:
        return
    cluster = of_cluster(Dashboard(endpoints.dashboard, token_in(endpoints)))
    if (found.ray, found.python_minor) != (cluster.ray, cluster.python_minor):
        has = f"has Python {found.python} and {f'Ray {found.ray}' if found.ray else 'no Ray'}"
        wants = f"{name} has Python {cluster.python} and Ray {cluster.ray}"
        raise ClientUnfit(f"it {has}; {wants}", where=str(python), next_step=_remedy(python, found, cluster))


def _remedy(python: Path, found: "Versions", cluster: "Versions") -> str:
    import sys

    from shoal.engine.versions import of_interpreter

    wanted = f"'ray[client]=={cluster.ray}'"
    if found.python_minor == cluster.python_minor:
        step = f"{python} -m pip install {wanted}"
    else:
        step = f"run it with a Python {cluster.python_minor} that has {wanted}"
    ours = of_interpreter(Path(sys.executable))
    fits = ours is not None and (ours.ray, ours.python_minor) == (cluster.ray, cluster.python_minor)
    return f"{step}; {sys.executable} would do as it is" if fits else step
