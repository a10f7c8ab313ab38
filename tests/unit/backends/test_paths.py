"""Names that are no names, and folders that are nobody else's."""

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shoal.backends.local import apply, observe, paths
from shoal.backends.local.backend import LocalBackend
from shoal.backends.local.lock import exclusive
from shoal.backends.local.paths import known_clusters
from shoal.errors import ClusterUnknown
from shoal.world.snapshot import World

HOSTILE = ["", ".", "..", "../x", "a/b", "/etc", "-x", "--yes", ".removed", "a\0b", "a\n", "~", "x" * 101, "é", "a b"]


@pytest.mark.parametrize("name", HOSTILE, ids=lambda name: ascii(name)[:12])
def test_a_hostile_name_reaches_no_path(name: str, tmp_path: Path) -> None:
    paths.make_private(paths.clusters_home())
    (paths.state_home() / "journal.jsonl").write_text("of somebody else")
    assert observe.observe(name) == World(name)
    for reach in (paths.cluster_folder, paths.archive_home, paths.lock_path, apply.remove, LocalBackend().endpoints):
        with pytest.raises(ClusterUnknown):
            reach(name)
    with pytest.raises(ClusterUnknown), exclusive(name):
        pass
    assert (paths.state_home() / "journal.jsonl").read_text() == "of somebody else"


@given(st.text(max_size=120))
def test_no_name_leads_out_of_its_folder(name: str) -> None:
    if not paths.names_no_cluster(name):
        assert paths.cluster_folder(name).parent == paths.clusters_home()
        assert os.path.normpath(paths.cluster_folder(name)) == str(paths.cluster_folder(name))


def test_every_folder_that_is_made_is_its_owners_alone() -> None:
    before = os.umask(0)
    try:
        paths.make_private(paths.cluster_folder("c"))
    finally:
        os.umask(before)
    made = (paths.state_home(), paths.clusters_home(), paths.cluster_folder("c"))
    assert {oct(folder.stat().st_mode & 0o777) for folder in made} == {"0o700"}


def test_a_folder_that_was_open_is_closed(tmp_path: Path) -> None:
    (tmp_path / "open").mkdir(mode=0o777)
    paths.make_private(tmp_path / "open")
    assert oct((tmp_path / "open").stat().st_mode & 0o777) == "0o700"


def test_a_link_in_the_place_of_a_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "link").symlink_to("elsewhere")
    with pytest.raises(PermissionError):
        paths.make_private(tmp_path / "link")


def test_an_empty_folder_of_a_cluster_is_seen_and_can_be_removed() -> None:
    paths.make_private(paths.cluster_folder("c"))
    assert known_clusters() == ("c",)
    assert observe.observe("c") == World("c", begun=True)
    with pytest.raises(ClusterUnknown):
        LocalBackend().endpoints("c")
    apply.remove("c")
    assert known_clusters() == ()
    assert observe.observe("c") == World("c")
