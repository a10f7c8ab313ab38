"""An operator process: what it costs, and what it asks of the API server."""

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryFile
from typing import NamedTuple

PROBES_PORT, METRICS_PORT = 18082, 18080
READ = ("get", "list", "watch")
POLL_S = 0.1
TICKS = os.sysconf("SC_CLK_TCK")


class Cost(NamedTuple):
    """CPU: seconds since the process began. Memory, resident: MB, now and at its highest."""

    cpu_s: float
    now_mb: float
    peak_mb: float


class OperatorProcess:
    """An operator as the one user whose requests are in the audit log. Ends with the ``with`` block.

    command: it answers probes at PROBES_PORT.
    """

    def __init__(self, command: Sequence[str], audit_log: Path) -> None:
        self._command = command
        self._audit_log = audit_log

    def __enter__(self) -> "OperatorProcess":
        self._printed = TemporaryFile()
        # As installed: with bytecode that is compiled once.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
        self._process = subprocess.Popen(self._command, stdout=self._printed, stderr=subprocess.STDOUT, env=environment)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.terminate()
        self._process.wait(30)
        self._printed.close()

    def wait_until_synced(self, within_s: float = 60) -> float:
        """Until it has listed everything (/readyz); seconds."""
        began = time.monotonic()
        while not self._is_ready():
            if self._process.poll() is not None or time.monotonic() - began > within_s:
                self._printed.seek(0)
                raise SystemExit(f"the operator is not ready:\n{self._printed.read().decode()[-2000:]}")
            time.sleep(POLL_S)
        return time.monotonic() - began

    def cost(self) -> Cost:
        """What it has cost until now."""
        stat = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        status = Path(f"/proc/{self._process.pid}/status").read_text().splitlines()
        kib = {line.partition(":")[0]: int(line.split()[1]) for line in status if line.startswith(("VmRSS", "VmHWM"))}
        return Cost((int(stat[11]) + int(stat[12])) / TICKS, kib["VmRSS"] / 1024, kib["VmHWM"] / 1024)

    def mark(self) -> int:
        """A place in the audit log, for ``requests``."""
        return self._audit_log.stat().st_size

    def requests(self, since: int) -> Counter[str]:
        """Its requests since a mark, as ``create pods``, without the watches."""
        with self._audit_log.open("rb") as log:
            log.seek(since)
            entries = [json.loads(line) for line in log if line.endswith(b"\n")]
        return Counter(name for entry in entries if not (name := _name(entry)).startswith("watch "))

    def writes(self, since: int) -> Counter[str]:
        """Those of its requests that change something, without the renewals of its Lease."""
        found = self.requests(since)
        return Counter(
            {name: count for name, count in found.items() if not name.startswith(READ) and not name.endswith(" leases")}
        )

    def _is_ready(self) -> bool:
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{PROBES_PORT}/readyz", timeout=5) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            return False


def shoal_command(shoal: str, kubeconfig: Path) -> list[str]:
    """Ours, as it is unless told otherwise."""
    ports = ["--probes-port", f"{PROBES_PORT}", "--metrics-port", f"{METRICS_PORT}"]
    return [shoal, "operator", "run", "--kubeconfig", str(kubeconfig), *ports]


def kuberay_command(program: Path, kubeconfig: Path) -> list[str]:
    """KubeRay's at its best: ten reconciles side by side, and as many requests as it likes."""
    ports = ["--health-probe-bind-address", f":{PROBES_PORT}", "--metrics-addr", f":{METRICS_PORT}"]
    speed = ["--reconcile-concurrency", "10", "--qps", "1000", "--burst", "1000"]
    return [str(program), "--kubeconfig", str(kubeconfig), "--enable-leader-election=false", *speed, *ports]


def _name(entry: dict[str, object]) -> str:
    about = entry.get("objectRef")
    about = about if isinstance(about, dict) else {}
    subresource = f"/{about['subresource']}" if about.get("subresource") else ""
    return f"{entry['verb']} {about.get('resource')}{subresource}"
