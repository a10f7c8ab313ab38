"""The archive that containerd takes as an image."""

import hashlib
import json
import tarfile
from pathlib import Path
from typing import Any

from lab.image import LAYER, Start, write_archive


def read(tar: tarfile.TarFile, name: str) -> Any:
    member = tar.extractfile(name)
    assert member is not None
    return json.loads(member.read())


def archive(folder: Path, start: Start) -> tuple[Any, Any, bytes]:
    """Manifest, configuration and layer of an image."""
    (folder / LAYER).write_bytes(b"a layer")
    write_archive(folder, "docker.io/a/b:1", start)
    with tarfile.open(folder / "image.tar") as tar:
        (manifest,) = read(tar, "manifest.json")
        layer = tar.extractfile(manifest["Layers"][0])
        assert layer is not None
        return manifest, read(tar, manifest["Config"]), layer.read()


def test_the_manifest_leads_to_the_configuration_and_the_layer(tmp_path: Path) -> None:
    manifest, config, layer = archive(tmp_path, Start())
    assert manifest["RepoTags"] == ["docker.io/a/b:1"]
    assert layer == b"a layer"
    assert config["rootfs"]["diff_ids"] == [f"sha256:{hashlib.sha256(layer).hexdigest()}"]


def test_the_configuration_says_how_it_starts(tmp_path: Path) -> None:
    _, config, _ = archive(tmp_path, Start(user="1000:100", home="/home/ray", entrypoint=("/bin/x",)))
    how = config["config"]
    assert (how["User"], how["WorkingDir"], how["Entrypoint"], how["Cmd"]) == (
        "1000:100",
        "/home/ray",
        ["/bin/x"],
        None,
    )
    assert "HOME=/home/ray" in how["Env"]
