"""Which cluster of which file is meant."""

from pathlib import Path

import pytest

from shoal.runtime.spec_file import FileUnreadable, cluster_in

HEAD = "spec: {headGroupSpec: {rayStartParams: {}, template: {spec: {containers: [{name: ray}]}}}}"


def manifest(name: str, namespace: str) -> str:
    return f"apiVersion: ray.io/v1\nkind: RayCluster\nmetadata: {{name: {name}, namespace: {namespace}}}\n{HEAD}\n"


@pytest.mark.parametrize(
    ("asked", "namespace"), [("one/same", "one"), ("default/same", ""), ("other", "one"), ("one/other", "one")]
)
def test_a_cluster_is_found_by_its_name_or_with_its_namespace(tmp_path: Path, asked: str, namespace: str) -> None:
    file = tmp_path / "clusters.yaml"
    file.write_text("---\n".join([manifest("same", "one"), manifest("same", "''"), manifest("other", "one")]))
    metadata = cluster_in(str(file), asked).document.node.at(("metadata", "namespace"))
    assert metadata is not None
    assert (metadata.value, asked.rpartition("/")[2]) == (namespace, cluster_in(str(file), asked).desired.name)


@pytest.mark.parametrize("name", ["gone", "file/below", "n" * 256])
def test_a_file_that_is_not_there_is_no_defect(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(FileUnreadable):
        cluster_in(str(tmp_path / name))
