"""``docker.io/library/redis:7.4`` made on the spot: what tests take for Redis, with Debian's."""

from pathlib import Path

from lab.containers import images
from lab.folders import Run, cached
from lab.image import Start, make_image
from lab.packages import STEP
from lab.ray_image import SUITE
from lab.shell import FURTHER_FOLDERS, download, find, need_root, say

NAME = "docker.io/library/redis:7.4"
# As the image of that name: whoever reaches it may use it.
START = Start(home="/tmp", entrypoint=("/usr/bin/redis-server", "--protected-mode", "no"))


def make_redis_image(lab: Run) -> None:
    """Make the image, once, and give it to the lab's containerd. Root; a minute the first time."""
    need_root("kuberay-tests")
    if NAME in images(lab):
        return
    make_image(lab, NAME, cached(f"redisfs-{SUITE}", _install), START)


def _install(root: Path) -> None:
    say(f"Debian {SUITE} for the Redis image")
    path = ":".join(["/usr/local/bin", "/usr/bin", "/bin", *FURTHER_FOLDERS])
    download([find("debootstrap", STEP), "--variant=minbase", "--include=redis-server", SUITE, root], {"PATH": path})
