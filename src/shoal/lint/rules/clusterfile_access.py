"""Ray's cluster.yaml: who can reach the machines, and the commands that start Ray on them."""

import re
from collections.abc import Iterator

from shoal.findings import Edit, Fix, Path, Severity
from shoal.lint.context import FileContext
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.lint.words import assigned_secrets
from shoal.spec.node import Node
from shoal.spec.provider import AwsProvider, AzureProvider

COMMANDS = (
    "initialization_commands",
    "setup_commands",
    "head_setup_commands",
    "worker_setup_commands",
    "head_start_ray_commands",
    "worker_start_ray_commands",
)
WORLD = frozenset(("0.0.0.0/0", "::/0", "*", "Internet"))
_EVERYWHERE = re.compile(r"--dashboard-host[= ]['\"]?(0\.0\.0\.0|::)(?=['\"\s;&|]|$)")
_START = re.compile(r"\bray start\b[^;&|]*")


@rule("L211", Severity.WARNING)
def dashboard_listens_everywhere(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The head's start command binds the dashboard to every address of its machine.

    The dashboard's port takes jobs. Bound to 0.0.0.0, it is one firewall rule away from the whole internet.
    `ray dashboard`, `ray attach -p` and `shoal attach -p` reach a dashboard on the loopback address too, through ssh.

    `shoal check --fix` writes:

        ray start --head --dashboard-host=127.0.0.1
    """
    for index, command in enumerate(file.spec.head_start_ray_commands):
        if _EVERYWHERE.search(command):
            path = ("head_start_ray_commands", index)
            hint = "write --dashboard-host=127.0.0.1, and reach it through ssh"
            yield Hit(
                "the dashboard listens on every address of the head", path, hint, _to_loopback(file.node.at(path))
            )


@rule("L212", Severity.WARNING)
def machines_are_open_to_the_world(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """A firewall rule of the file lets the whole internet in.

    Ports of Ray that are open to 0.0.0.0/0 are found by scanners within hours, and whoever finds them runs code. An
    open ssh port is guessed at without end.

    Name the addresses that you come from:

        IpRanges: [{CidrIp: 203.0.113.0/24}]
    """
    for path, node in _scalars(file.node.at(("provider",)), ("provider",)):
        if node.value in WORLD and isinstance(file.spec.provider, AwsProvider | AzureProvider):
            yield Hit(f"{node.value} lets the whole internet in", path, "name the addresses that you come from")


@rule("L213", Severity.NOTE)
def ssh_is_open_by_default(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """Nothing says who may reach the machines by ssh.

    By itself `ray up` makes a firewall on AWS and Azure that lets the whole internet reach port 22 of every machine,
    and leaves it behind after `ray down`.

    Say who may:

        provider:
          security_group:
            GroupName: ray
            IpPermissions:
              - {FromPort: 22, ToPort: 22, IpProtocol: tcp, IpRanges: [{CidrIp: 203.0.113.0/24}]}

    On Azure name a network security group of your own (`nsg`), or use `use_internal_ips: true`.
    """
    provider = file.spec.provider
    aws = isinstance(provider, AwsProvider) and not provider.security_group.get("IpPermissions")
    azure = isinstance(provider, AzureProvider) and not provider.nsg
    types = file.spec.available_node_types.values()
    own = bool(types) and all("SecurityGroupIds" in kind.node_config for kind in types)
    if (aws or azure) and not own and not provider.use_internal_ips:
        hint = "add `security_group:` with IpPermissions" if aws else "add `nsg:`, or `use_internal_ips: true`"
        yield Hit("nothing limits who may reach port 22: `ray up` opens it to the world", ("provider",), hint)


@rule("L214", Severity.WARNING)
def worker_does_not_join(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The commands that start Ray on the workers don't lead them to the head.

    A `ray start` without `--address` starts nothing that joins; one with `--head` starts a second cluster. The machine
    is paid for and never seen.

    `$RAY_HEAD_IP` is set for these commands:

        worker_start_ray_commands:
          - ray stop
          - ray start --address=$RAY_HEAD_IP:6379
    """
    for index, command in enumerate(file.spec.worker_start_ray_commands):
        for start in _START.findall(command):
            if "--head" in start.split() or "--address" not in start:
                hint = "write `ray start --address=$RAY_HEAD_IP:6379`"
                yield Hit("the worker starts Ray without joining the head", ("worker_start_ray_commands", index), hint)


@rule("L215", Severity.WARNING)
def head_does_not_start(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The commands that start Ray on the head start no head.

    Without `--head` there is no GCS, and nothing for the workers to join. Without `--autoscaling-config` the head never
    starts any worker: `ray up` alone starts only the head.

        head_start_ray_commands:
          - ray stop
          - ray start --head --port=6379 --autoscaling-config=~/ray_bootstrap_config.yaml
    """
    commands = file.spec.head_start_ray_commands
    starts = [start for command in commands for start in _START.findall(command)]
    if commands and not any("--head" in start.split() for start in starts):
        yield Hit("no command starts a head", ("head_start_ray_commands",), "add `ray start --head --port=6379`")
    elif starts and not any("--autoscaling-config" in start for start in starts):
        hint = "add --autoscaling-config=~/ray_bootstrap_config.yaml"
        message = "the head is started without --autoscaling-config, so it starts no worker"
        yield Hit(message, ("head_start_ray_commands",), hint)


@rule("L216", Severity.WARNING)
def secret_is_in_a_command(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """A command sets a password, token or key.

    The file is copied to the head, printed by `ray up`, and kept in version control; everybody who may read one of them
    has the secret. Shoal never prints such values.

    Give the machines a role of the cloud, or fetch the secret from the cloud's store in the command.
    """
    for key in COMMANDS:
        commands: tuple[str, ...] = getattr(file.spec, key)
        for index, command in enumerate(commands):
            for name in assigned_secrets(command):
                yield Hit(f"the value of {name} stands in the file", (key, index), _FETCH)
    for key in ("run_options", "head_run_options", "worker_run_options"):
        options: tuple[str, ...] = getattr(file.spec.docker, key)
        for index, option in enumerate(options):
            for name in assigned_secrets(option):
                yield Hit(f"the value of {name} stands in the file", ("docker", key, index), _FETCH)


_FETCH = "use a role of the cloud, or fetch it from the cloud's store of secrets"


def _to_loopback(node: Node | None) -> Fix | None:
    found = _EVERYWHERE.search(node.raw) if node is not None else None
    if node is None or found is None:
        return None
    start = node.start + found.start(1)
    return Fix("bind it to 127.0.0.1", (Edit(start, start + len(found[1]), "127.0.0.1"),))


def _scalars(node: Node | None, path: Path) -> Iterator[tuple[Path, Node]]:
    if node is None:
        return
    if node.kind == "scalar":
        yield path, node
    for key, value in node.pairs:
        yield from _scalars(value, (*path, key.key))
    for index, item in enumerate(node.items):
        yield from _scalars(item, (*path, index))
