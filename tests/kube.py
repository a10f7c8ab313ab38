"""A real API server for tests: where it is, and two ways to ask it."""

import base64
import contextlib
import http.client
import json
import math
import os
import ssl
import subprocess
import sys
import tempfile
import uuid
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest
import yaml

from lab.folders import cache_folder
from lab.modules import KUBERNETES
from schedule import seconds_left
from shoal.cli.documents import documents
from shoal.cli.main import run as shoal
from shoal.crds.definitions import definitions
from shoal.spec.kinds import RAY_KINDS

ROOT = Path(__file__).parent.parent
OUTSIDE = dict(os.environ)
"""The environment before the tests got homes of their own: Go's caches and the lab's are in the person's home."""
BUILT = cache_folder() / KUBERNETES.key
LACKS_SOMETHING = 3
TOOK_TOO_LONG = 124
LAB = (sys.executable, "-m", "lab")
REQUEST_S = 30.0


@dataclass(frozen=True)
class Cluster:
    """A running API server, whose administrator we are."""

    kubeconfig: Path

    def kubectl(self, *arguments: str, stdin: str = "") -> str:
        """What kubectl prints. ``AssertionError`` with what it says when it fails."""
        done = self.try_kubectl(*arguments, stdin=stdin)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def try_kubectl(self, *arguments: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        """Run kubectl, which may fail."""
        kubectl = BUILT / "kubectl" if BUILT.exists() else Path("kubectl")
        return subprocess.run(
            [kubectl, "--kubeconfig", self.kubeconfig, *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            check=False,
        )

    def ask(self, method: str, path: str, body: Any = None, content: str = "application/json") -> tuple[int, Any]:
        """The status and the decoded body of an answer of the API server."""
        server, context = self._access
        link = http.client.HTTPSConnection(server.removeprefix("https://"), timeout=REQUEST_S, context=context)
        try:
            link.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content})
            answer = link.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            link.close()

    def machine(self) -> str:
        """The address of this machine, as pods see it."""
        path = "jsonpath={.endpoints[0].addresses[0]}"
        return self.kubectl("-n", "default", "get", "endpointslice", "kubernetes", "-o", path)

    def define_kinds(self) -> None:
        """Give the API server our definitions of Ray's kinds; it serves them by the time this returns."""
        self.kubectl("apply", "-f", "-", stdin=documents(list(definitions()), "yaml"))
        self.wait_until_defined()

    def wait_until_defined(self) -> None:
        """Return when the API server serves all of Ray's kinds, whose definitions it was given."""
        names = [f"crd/{kind.lower()}s.ray.io" for kind in RAY_KINDS]
        self.kubectl("wait", "--for=condition=Established", "--timeout=60s", *names)

    @contextlib.contextmanager
    def new_namespace(self) -> Iterator[str]:
        """A namespace of a name that nobody else has, deleted afterwards."""
        name = f"test-{uuid.uuid4().hex[:8]}"
        self.kubectl("create", "namespace", name)
        try:
            yield name
        finally:
            self.kubectl("delete", "namespace", name, "--wait=false")

    @contextlib.contextmanager
    def operator(self, image: str, watched: str) -> Iterator[str]:
        """An operator in a pod of its own that watches one namespace; the namespace where it runs."""
        space = f"test-{uuid.uuid4().hex[:8]}"
        where = ["--kubeconfig", str(self.kubeconfig), "--namespace", space]
        assert shoal(["operator", "install", *where, "--image", image, "--watch-namespace", watched]) == 0
        try:
            yield space
        finally:
            assert shoal(["operator", "uninstall", *where]) == 0
            self.kubectl("delete", "namespace", space, "--wait=false")

    @cached_property
    def _access(self) -> tuple[str, ssl.SSLContext]:
        config = yaml.safe_load(self.kubeconfig.read_text())
        cluster, user = config["clusters"][0]["cluster"], config["users"][0]["user"]
        authority = base64.b64decode(cluster["certificate-authority-data"]).decode()
        context = ssl.create_default_context(cadata=authority)
        with tempfile.NamedTemporaryFile() as file:
            for key in ("client-certificate-data", "client-key-data"):
                file.write(base64.b64decode(user[key]))
            file.flush()
            context.load_cert_chain(file.name)
        return cluster["server"], context


@dataclass(frozen=True)
class Lab:
    """A lab of the tests' own, in a folder that nobody else uses."""

    folder: Path

    def start(self, *verbs: str) -> Cluster:
        """Run verbs of the lab, as ``node``. Skips the test, with the lab's words, when the machine lacks something."""
        for verb in verbs:
            run_lab("--run", str(self.folder), *verb.split())
        return Cluster(self.folder / "admin.conf")

    def end(self) -> None:
        """Leave nothing of it."""
        done = _outside([*LAB, "--run", str(self.folder), "down"])
        assert done.returncode == 0, f"lab down: {done.stderr}"


def run_lab(*arguments: str) -> None:
    """Run a verb of the lab. Skips the test when the machine, or the time that is left, is not enough."""
    command = [*LAB, *arguments]
    if math.isfinite(left_s := seconds_left()):
        command = ["timeout", f"{max(left_s, 1):.0f}", *command]  # ends what the lab has started, too
    done = _outside(command)
    if done.returncode == TOOK_TOO_LONG:
        pytest.skip(f"the time given by SHOAL_TEST_UNTIL was up: lab {arguments[-1]}")
    if done.returncode == LACKS_SOMETHING:
        pytest.skip(done.stderr.strip().splitlines()[-2].removeprefix("lab: "))
    assert done.returncode == 0, f"lab {' '.join(arguments)}: {done.stderr}"


def _outside(command: list[str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=ROOT, env=OUTSIDE, capture_output=True, text=True, check=False)


def given(variable: str) -> Cluster | None:
    """The server of the kubeconfig that a variable of the person's environment names, if there is one."""
    path = OUTSIDE.get(variable)
    return Cluster(Path(path)) if path else None
