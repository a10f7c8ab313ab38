"""The control groups below which the node's pods run: apart from those of any other kubelet, which would end them."""

from pathlib import Path

from lab.network import Network

ROOT = Path("/sys/fs/cgroup")
WEIGHTS = {"cpu.shares": "16384", "cpu.weight": "1600"}
"""Of the whole node. By default all of its pods weigh as much as one process beside them, and on a busy machine Ray
gives up before it has started."""


def make_groups(network: Network) -> None:
    """The node's group, in every hierarchy (version 1) or in the one there is (version 2)."""
    for hierarchy in hierarchies():
        (hierarchy / network.name).mkdir(exist_ok=True)
        _hand_down_cpus(hierarchy, hierarchy / network.name)
        _weigh(hierarchy / network.name)


def remove_groups(network: Network) -> None:
    """The node's groups, the innermost first; their processes have ended."""
    for hierarchy in hierarchies():
        top = hierarchy / network.name
        folders = [path for path in top.rglob("*") if path.is_dir()]
        for folder in sorted(folders, key=lambda path: len(path.parts), reverse=True):
            folder.rmdir()
        if top.exists():
            top.rmdir()


def hierarchies() -> list[Path]:
    """The mounted hierarchies of control groups."""
    if (ROOT / "cgroup.controllers").exists():
        return [ROOT]
    # `cpu` may be a link to `cpu,cpuacct`.
    return sorted({each.resolve() for each in ROOT.iterdir() if (each / "cgroup.procs").exists()})


def _hand_down_cpus(parent: Path, group: Path) -> None:
    """A new group of version 1 has no CPUs and no memory nodes until it is given some, and nothing can run in it."""
    for name in ("cpuset.cpus", "cpuset.mems"):
        mine = group / name
        if mine.exists() and (parent / "cpuset.sched_load_balance").exists() and not mine.read_text().strip():
            mine.write_text((parent / name).read_text())


def _weigh(group: Path) -> None:
    """The group's share of the machine's time."""
    for name, weight in WEIGHTS.items():
        if (group / name).exists():
            (group / name).write_text(weight)
