"""rayStartParams: options of `ray start` as strings."""

import json
import shlex
from collections.abc import Iterator

from shoal.findings import Edit, Fix, Severity
from shoal.lint.context import ClusterContext, Group
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.complaints import suggestion
from shoal.spec.quantity import QuantityInvalid, bytes_of
from shoal.spec.ray_start import NUMBERS, OPTIONS

MEMORY = frozenset(("memory", "object-store-memory", "system-reserved-memory"))
BY_FIELD = {"num-cpus": "resources", "num-gpus": "resources", "memory": "resources", "resources": "resources"}


@rule("L161", Severity.ERROR)
def option_is_unknown(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`rayStartParams` has an option that no Ray knows.

    Every entry becomes an option of `ray start`, which ends at once when it doesn't know one; the pod then restarts for
    ever. Names are written without the dashes in front and with dashes inside: `num-cpus`.

    Take the nearest name that the finding gives; `ray start --help` lists all.
    """
    for group in cluster.groups:
        for name in group.params:
            if name not in OPTIONS:
                yield Hit(
                    f"`ray start` has no option --{name.strip('-')}",
                    group.param_path(name),
                    suggestion(name, OPTIONS) or "see `ray start --help`",
                    _renaming(cluster, group, name),
                )


@rule("L162", Severity.ERROR)
def value_is_no_whole_number(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """An option that takes a whole number has another value.

    `ray start` reads `num-cpus`, `num-gpus`, ports and all amounts of memory as whole numbers, memory in bytes, and
    ends at once on anything else: `4Gi`, `0.5`, `1e9`. A shell variable (`$NAME`) is left alone.

    Write the number. `shoal check --fix` turns amounts such as 4Gi into bytes.
    """
    for group in cluster.groups:
        for name, value in group.params.items():
            if name not in NUMBERS or "$" in value or _is_whole(value):
                continue
            size = _bytes(value) if name in MEMORY else None
            hint = f'write "{size}", in bytes' if size is not None else "write a whole number in quotes"
            message = f"{name} of {group.title} has to be a whole number, not {value!r}"
            yield Hit(message, group.param_path(name), hint, _in_bytes(cluster, group, name, size))


@rule("L163", Severity.ERROR)
def custom_resources_are_no_mapping(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`resources` in `rayStartParams` is no JSON mapping of names to numbers.

    A shell reads the value before Ray does, so it needs two layers of quotes: one for YAML, one for the shell. With one
    layer the shell takes the inner quotes away, and Ray refuses the rest.

    The group's own field needs no quoting:

        resources: {special: "2"}

    As an option it is:

        rayStartParams: {resources: '"{\\"special\\": 2}"'}
    """
    for group in cluster.groups:
        value = group.params.get("resources")
        if value is not None and "$" not in value and not _is_resources(value):
            message = f"resources of {group.title} are no JSON mapping once the shell has read them"
            hint = "use the group's `resources:` field, which needs no quoting"
            yield Hit(message, group.param_path("resources"), hint)


@rule("L164", Severity.WARNING)
def pod_outlives_ray(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`block` is off.

    Without it `ray start` leaves Ray in the background and returns. The container's fate is then no longer that of Ray:
    when Ray dies, Kubernetes doesn't see it by the container's end and restarts nothing.

    Remove `block`; it is set by itself.
    """
    for group in cluster.groups:
        if group.params.get("block", "true").lower() == "false":
            yield Hit(f"{group.title} doesn't end when its Ray does", group.param_path("block"), "remove block")


@rule("L165", Severity.ERROR)
def option_has_a_field_of_its_own(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A group says the same by `rayStartParams` and by a field of its own.

    The fields `resources` and `labels` of a group replace the options of the same meaning. The operator refuses
    `rayStartParams.labels` always, and options for CPUs, GPUs, memory and resources next to `resources`.

    Keep the field:

        resources: {CPU: "4"}
        labels: {zone: a}
    """
    for group in cluster.groups:
        if "labels" in group.params:
            message = f"labels of {group.title} can't be given by rayStartParams"
            yield Hit(message, group.param_path("labels"), "move them to the group's `labels:`")
        for name, field in BY_FIELD.items():
            if name in group.params and group.spec.resources:
                message = f"{name} of {group.title} is given beside its `{field}:`"
                yield Hit(message, group.param_path(name), f"move it to the group's `{field}:`")


def _renaming(cluster: ClusterContext, group: Group, name: str) -> Fix | None:
    """For a name that is right but for its dashes, underscores or capitals."""
    right = name.strip("-").replace("_", "-").lower()
    mapping = cluster.node.at((*group.path, "rayStartParams"))
    key = mapping.key_node(name) if mapping is not None else None
    if key is None or right not in OPTIONS or right in group.params:
        return None
    return Fix(f"rename it to {right}", (Edit(key.start, key.end, right),))


def _in_bytes(cluster: ClusterContext, group: Group, name: str, size: int | None) -> Fix | None:
    node = cluster.node.at(group.param_path(name))
    if node is None or size is None:
        return None
    return Fix("write it in bytes", (Edit(node.start, node.end, f'"{size}"'),))


def _bytes(value: str) -> int | None:
    try:
        return bytes_of(value)
    except QuantityInvalid:
        return None


def _is_whole(value: str) -> bool:
    return value.strip("\"'").removeprefix("-").isdecimal()


def _is_resources(value: str) -> bool:
    try:
        words = shlex.split(value)
        read = json.loads(words[0]) if len(words) == 1 else None
    except ValueError:  # of shlex: quotes that don't close; of json: no JSON
        return False
    return isinstance(read, dict) and all(isinstance(amount, int | float) for amount in read.values())
