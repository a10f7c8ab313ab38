"""A cluster that exists as far as its journal and folders go."""

from pathlib import Path

import pytest

from shoal.backends.local import journal, paths
from shoal.backends.local.paths import journal_path, token_path
from shoal.desired.cluster import DesiredCluster, DesiredNode, Role

HEAD = DesiredNode("head", Role.HEAD, "headgroup", {}, {"dashboard": 8265})
WORKER = DesiredNode("small-group-0", Role.WORKER, "small-group", {})
PORTS = {"gcs": 20001, "dashboard": 20002, "client": 20003}


@pytest.fixture
def cluster(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Cluster "demo", with no process: the folder below which its head (``aaaaaa``) and worker (``bbbbbb``) write."""
    runtime = tmp_path / "runtime"
    monkeypatch.setattr(paths, "runtime_folder", lambda uid: runtime / uid)
    monkeypatch.setenv("NO_COLOR", "1")
    paths.make_private(paths.cluster_folder("demo"))
    token_path("demo").write_text("a-token")
    journal.append(
        journal_path("demo"),
        journal.Prepared("u1", PORTS, DesiredCluster("demo", "", (HEAD, WORKER))),
        journal.Starting(HEAD, "aaaaaa", 1.0, {}),
        journal.Starting(WORKER, "bbbbbb", 1.0, {}),
    )
    for launch in ("aaaaaa", "bbbbbb"):
        (runtime / "u1" / launch / "session_1" / "logs").mkdir(parents=True)
        (runtime / "u1" / launch / "session_latest").symlink_to(runtime / "u1" / launch / "session_1")
        (runtime / "u1" / launch / "start.log").write_text(f"{launch} starts\n")
    return runtime / "u1"
