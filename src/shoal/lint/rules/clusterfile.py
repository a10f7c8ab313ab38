"""Ray's cluster.yaml: machines, bounds and what they run."""

from collections.abc import Iterator

from shoal.findings import Severity
from shoal.lint.context import FileContext
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.images import moves, python_of, ray_of
from shoal.spec.provider import LocalProvider
from shoal.spec.ray_start import OBJECT_STORE_LEAST_BYTES


@rule("L201", Severity.ERROR)
def fewest_workers_exceed_most(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The workers that have to exist are more than may exist.

    `max_workers` is the bound of the whole cluster. When the `min_workers` of all types add up to more, or a type has
    more of them than its own `max_workers`, no number of machines is right.

    Raise `max_workers`, or lower `min_workers`.
    """
    types = file.spec.available_node_types
    for name, kind in types.items():
        if kind.max_workers is not None and kind.min_workers > kind.max_workers:
            message = f"type {name!r} has min_workers {kind.min_workers} above max_workers {kind.max_workers}"
            yield Hit(message, ("available_node_types", name, "min_workers"), "correct one of them")
    least = sum(kind.min_workers for kind in types.values())
    if file.spec.max_workers is not None and least > file.spec.max_workers:
        message = f"the min_workers of all types add up to {least}, max_workers is {file.spec.max_workers}"
        yield Hit(message, ("max_workers",), f"write at least {least}")


@rule("L202", Severity.ERROR)
def head_type_is_not_named(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """`available_node_types` are given, and no `head_node_type` says which one the head is.

    `ray up` refuses such a file.

    Name one of the types:

        head_node_type: head
    """
    types = file.spec.available_node_types
    if types and not file.spec.head_node_type:
        hint = f"add `head_node_type:` with one of {', '.join(types)}"
        yield Hit("no head_node_type says which type the head is", ("available_node_types",), hint)


@rule("L203", Severity.NOTE)
def workers_have_no_type(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The head's type is the only one, and it can't be a worker.

    A type is used for workers only up to its `max_workers`. When the only type is the head's, with `max_workers: 0`,
    there is never a worker, however high the `max_workers` of the cluster.

    Add a type for workers, or raise the type's `max_workers`. For a single machine set the
    cluster's `max_workers` to 0.
    """
    spec = file.spec
    only_head = spec.head_node_type and list(spec.available_node_types) == [spec.head_node_type]
    if only_head and spec.available_node_types[spec.head_node_type].max_workers == 0 and spec.max_workers != 0:
        message = "there will never be a worker: the head's type is the only one, with max_workers 0"
        yield Hit(
            message, ("available_node_types",), "add a type for workers, or write `max_workers: 0` for the cluster"
        )


@rule("L204", Severity.WARNING)
def image_tag_moves_in_file(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The tag of a container image means another image tomorrow.

    `latest`, `nightly` and no tag at all move. A machine that is added next week then runs another Ray than the head,
    and can't join.

    Write a version, as `rayproject/ray:2.60.0-py311`.
    """
    for key, image in _images(file):
        if moves(image):
            yield Hit(f"the image {image!r} has no fixed version", ("docker", key), "write a version as the tag")


@rule("L205", Severity.NOTE)
def image_is_unlike_this_machine(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """A container image holds another Ray or Python than this machine.

    A script that connects by Ray Client (`ray://`) needs exactly the same Ray and the same minor version of Python on
    both sides. Submitted jobs don't: they run in the cluster.

    Use an image with the same versions, or install the versions of the image here.
    """
    for key, image in _images(file):
        ray, python = ray_of(image), python_of(image)
        if ray and facts.ray_version and ray != facts.ray_version:
            message = f"the image has Ray {ray}, this machine {facts.ray_version}"
            yield Hit(message, ("docker", key), f"to connect by ray://, `pip install ray=={ray}` here")
        elif python and facts.python_version and python != facts.python_version:
            message = f"the image has Python {python}, this machine {facts.python_version}"
            hint = f"to connect by ray://, take the image with -py{facts.python_version.replace('.', '')}"
            yield Hit(message, ("docker", key), hint)


@rule("L206", Severity.NOTE)
def ray_is_installed_from_nightly(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """Nothing says which Ray the machines get.

    Without `setup_commands` and without a container image `ray up` installs a nightly build (3.0.0.dev0) on machines
    whose own image has no Ray: another one every day, and never the one you tested.

    Name the version:

        setup_commands:
          - pip install 'ray[default]==2.60.0'
    """
    spec = file.spec
    is_cloud = not isinstance(spec.provider, LocalProvider)
    commands = spec.setup_commands or (spec.head_setup_commands and spec.worker_setup_commands)
    if is_cloud and not commands and not _images(file):
        version = facts.ray_version or "2.60.0"
        hint = f"add `setup_commands: [pip install 'ray[default]=={version}']`, or a docker image"
        yield Hit("nothing says which Ray the machines get: `ray up` would install a nightly build", (), hint)


@rule("L207", Severity.ERROR)
def object_store_of_type_is_too_small(file: FileContext, facts: Facts) -> Iterator[Hit]:
    """The `object_store_memory` of a node type is less than Ray starts with.

    Ray refuses an object store of less than 75 MiB (78643200 bytes), and the node ends at once. The amount is in bytes.

    Leave it out (Ray takes 30 % of the memory), or write the size in bytes.
    """
    for name, kind in file.spec.available_node_types.items():
        store = kind.resources.get("object_store_memory")
        if store is not None and store < OBJECT_STORE_LEAST_BYTES:
            message = f"{name} has an object store of {store} bytes, Ray needs {OBJECT_STORE_LEAST_BYTES}"
            path = ("available_node_types", name, "resources", "object_store_memory")
            yield Hit(message, path, "remove it (Ray takes 30 % of the memory), or write the size in bytes")


def _images(file: FileContext) -> list[tuple[str, str]]:
    """The images of the docker section: key and image."""
    docker = file.spec.docker
    given = (("image", docker.image), ("head_image", docker.head_image), ("worker_image", docker.worker_image))
    return [(key, image) for key, image in given if image]
