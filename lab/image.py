"""A container image from a folder that holds a root file system, without any tool that builds images."""

import hashlib
import io
import json
import shutil
import tarfile
import tempfile
from dataclasses import dataclass
from pathlib import Path

from lab.containers import ctr
from lab.errors import LabError
from lab.folders import Run, cache_folder
from lab.packages import STEP
from lab.shell import find, need_root, run, say

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
LAYER = "layer.tar"
ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}


@dataclass(frozen=True)
class Start:
    """How a container of the image starts. ``user`` as ``1000:100``."""

    user: str = "0"
    home: str = "/root"
    entrypoint: tuple[str, ...] = ()


def make_image(lab: Run, name: str, root: Path, start: Start | None = None) -> None:
    """Pack ``root`` as the image ``name`` and give it to the lab's containerd."""
    need_root("image")
    if not root.is_dir():
        raise LabError(
            f"{root} is no folder", "name a folder that holds a root file system: python -m lab image NAME DIR"
        )
    folder = Path(tempfile.mkdtemp(prefix=".image-", dir=cache_folder()))
    try:
        run([find("tar", STEP), "-C", root, "--numeric-owner", "-cf", folder / LAYER, "."])
        write_archive(folder, name, start or Start())
        (folder / LAYER).unlink()
        run([*ctr(lab), "images", "import", folder / "image.tar"])
    finally:
        shutil.rmtree(folder)
    say(f"image {name}")


def write_archive(folder: Path, name: str, start: Start) -> None:
    """The format of `docker save`: a configuration, the layers, and a manifest that names both."""
    with (folder / LAYER).open("rb") as layer:
        digest = hashlib.file_digest(layer, "sha256").hexdigest()
    config = _bytes(_config(digest, start))
    config_name = f"{hashlib.sha256(config).hexdigest()}.json"
    layer_name = f"{digest}/{LAYER}"
    manifest = _bytes([{"Config": config_name, "RepoTags": [name], "Layers": [layer_name]}])
    with tarfile.open(folder / "image.tar", "w") as tar:
        for member, content in ((config_name, config), ("manifest.json", manifest)):
            entry = tarfile.TarInfo(member)
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content))
        tar.add(folder / LAYER, layer_name)


def _config(digest: str, start: Start) -> dict[str, object]:
    how = {
        "Env": [f"PATH={PATH}", f"HOME={start.home}", "LANG=C.UTF-8"],
        "WorkingDir": start.home,
        "User": start.user,
        "Cmd": None if start.entrypoint else ["/bin/bash"],
        "Entrypoint": list(start.entrypoint) or None,
    }
    layers = {"type": "layers", "diff_ids": [f"sha256:{digest}"]}
    return {"architecture": _architecture(), "os": "linux", "config": how, "rootfs": layers}


def _architecture() -> str:
    machine = run([find("uname", STEP), "-m"]).strip()
    return ARCHITECTURES.get(machine, machine)


def _bytes(value: object) -> bytes:
    return json.dumps(value).encode()
