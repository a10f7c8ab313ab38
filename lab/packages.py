"""The Debian packages that the lab needs besides Go."""

from lab.shell import find, need_root, run, say

PACKAGES = (
    "busybox-static",
    "containerd",
    "containernetworking-plugins",
    "conntrack",
    "debootstrap",
    "iproute2",
    "ipset",
    "iptables",
    "openssl",
    "runc",
)
STEP = f"run, as root: python -m lab deps (apt-get install {' '.join(PACKAGES)})"


def install() -> None:
    """Install them. ``Missing`` when we are not root or this is no Debian."""
    need_root("deps")
    apt = find("apt-get", f"this is no Debian: install what these bring by your system's own means: {PACKAGES}")
    say(f"installing {' '.join(PACKAGES)}")
    quiet = {"DEBIAN_FRONTEND": "noninteractive"}
    run([apt, "update", "-qq"], env=quiet)
    run([apt, "install", "-y", "-qq", "--no-install-recommends", *PACKAGES], env=quiet)
