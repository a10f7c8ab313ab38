"""``docker.io/rayproject/ray:VERSION`` made on the spot, of Debian's base system and Ray from PyPI."""

import shutil
import zlib
from pathlib import Path

from lab.containers import images
from lab.errors import Missing
from lab.folders import Run, cached
from lab.image import Start, make_image
from lab.packages import STEP
from lab.shell import FURTHER_FOLDERS, download, find, need_root, run, say

DEFAULT_VERSION = "2.60.0"
SUITE = "bookworm"
PYTHON = "3.11"
"""The Python of ``SUITE``."""
DEBIAN = (
    "bash",
    "ca-certificates",
    "curl",
    "iproute2",
    "openssh-client",
    "procps",
    "python3",
    "python3-venv",
    "redis-server",
    "rsync",
    "tmux",
    "wget",
)
"""Redis is for tests of clusters that keep their GCS's state there: so they need no second image."""
PYPI = ("ray[client,default,serve]=={version}", "pyarrow")
SITE = f"usr/local/lib/python{PYTHON}/dist-packages"
# As in Ray's own image: a cluster that must not run as root runs in it.
UID, GID, HOME = 1000, 100, "/home/ray"
UV_STEP = "run: make env (it installs uv below .cache/uv), or put uv on PATH"
REPOSITORY = Path(__file__).parent.parent


def make_ray_image(lab: Run, version: str = DEFAULT_VERSION) -> None:
    """Make the image, once, and give it to the lab's containerd. Root; two minutes the first time."""
    need_root("ray-image")
    name = f"docker.io/rayproject/ray:{version}"
    if name in images(lab):
        say(f"image {name} is there")
        return
    make_image(lab, name, _root(version), Start(user=f"{UID}:{GID}", home=HOME))


def _root(version: str) -> Path:
    """The root file system of the image, from the cache or made now."""

    def fill(root: Path) -> None:
        _install_debian(root)
        _install_ray(root, version)

    made_of = zlib.crc32(" ".join(DEBIAN + PYPI).encode())
    return cached(f"rayfs-{version}-{made_of:08x}", fill)


def _install_debian(root: Path) -> None:
    say(f"Debian {SUITE} for the Ray image")
    options = ["--variant=minbase", f"--include={','.join(DEBIAN)}"]
    path = ":".join(["/usr/local/bin", "/usr/bin", "/bin", *FURTHER_FOLDERS])
    download([find("debootstrap", STEP), *options, SUITE, root], {"PATH": path})
    shutil.rmtree(root / "var/cache/apt/archives")
    (root / "usr/bin/python").symlink_to("python3")
    user = ["--uid", str(UID), "--gid", str(GID), "--create-home", "--home-dir", HOME, "--shell", "/bin/bash", "ray"]
    run([find("chroot", STEP), root, "/usr/sbin/useradd", *user])


def _install_ray(root: Path, version: str) -> None:
    say(f"Ray {version} for the Ray image")
    site = root / SITE
    target = ["--target", str(site), "--python-version", PYTHON, "--only-binary", ":all:", "--link-mode", "copy"]
    packages = [package.format(version=version) for package in PYPI]
    download([find_uv(), "pip", "install", "--quiet", *target, *packages])
    # The scripts name this machine's Python in their first line.
    for script in (site / "bin").iterdir():
        first, _, rest = script.read_bytes().partition(b"\n")
        if first.startswith(b"#!") and b"python" in first:
            copy = root / "usr/local/bin" / script.name
            copy.write_bytes(b"#!/usr/bin/python3\n" + rest)
            copy.chmod(0o755)
    shutil.rmtree(site / "bin")
    # Its user can't write there: without bytecode every `ray` would compile all of Ray anew.
    run([find("chroot", STEP), root, "/usr/bin/python3", "-m", "compileall", "-q", "-j", "0", f"/{SITE}"])


def find_uv() -> Path | str:
    """uv from PATH, or the one that `make env` installed. ``Missing`` where there is neither."""
    own = REPOSITORY / ".cache/uv/bin/uv"
    try:
        return find("uv", UV_STEP)
    except Missing:
        if own.exists():
            return own
        raise
