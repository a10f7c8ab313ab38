"""Versions: of the API, of Ray, of Python, of images."""

from collections.abc import Iterator

from shoal.findings import Edit, Fix, Severity
from shoal.lint.context import ClusterContext
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.images import moves, python_of, ray_of
from shoal.spec.ray_version import TOKENS_SINCE, numbers


@rule("L131", Severity.WARNING)
def api_version_is_deprecated(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The manifest is of `ray.io/v1alpha1`.

    That version is deprecated; the fields that came later are only defined for `ray.io/v1`. What v1alpha1
    has, v1 has too.

    `shoal check --fix` writes:

        apiVersion: ray.io/v1
    """
    if cluster.api_version == "ray.io/v1alpha1":
        node = cluster.node.get("apiVersion")
        fix = None
        if node is not None:
            fix = Fix("write ray.io/v1", (Edit(node.start, node.end, node.raw.replace("v1alpha1", "v1")),))
        yield Hit("ray.io/v1alpha1 is deprecated", ("apiVersion",), "write ray.io/v1", fix)


@rule("L132", Severity.WARNING)
def image_is_unlike_ray_version(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The tag of a Ray image names another version than `rayVersion` or the head's image.

    Every node of a cluster has to run the same Ray, or it can't join. `rayVersion` decides how the pods are probed,
    scaled and secured, so it has to be what the image holds.

    Write one version in all places. Only images whose name begins with `ray` and whose tag begins with a version are
    compared.
    """
    expected, source = cluster.spec.ray_version, "rayVersion"
    if not expected:
        expected, source = ray_of(cluster.head.container.image), "the head's image"
    for group in cluster.groups:
        version = ray_of(group.container.image)
        if version and expected and version != expected:
            message = f"the image of {group.title} has Ray {version}, {source} says {expected}"
            yield Hit(message, (*group.container_path, "image"), "write the same version in both")


@rule("L133", Severity.NOTE)
def ray_is_unlike_this_machine(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The cluster asks for another version of Ray than the one installed here.

    A script that connects by Ray Client (`ray://`) needs exactly the same version on both sides. Submitted jobs don't:
    they run in the cluster. A cluster on this machine runs the version that is installed here.

    Install the same version here, or change `rayVersion` and the images.
    """
    wanted = cluster.ray_version
    if cluster.kind == "RayCluster" and wanted and facts.ray_version and wanted != facts.ray_version:
        written = (*cluster.path, "rayVersion") if cluster.spec.ray_version else (*cluster.head.container_path, "image")
        message = f"the cluster asks for Ray {wanted}, this machine has {facts.ray_version}"
        yield Hit(message, written, f"to connect by ray://, `pip install ray=={wanted}` here")


@rule("L134", Severity.NOTE)
def python_is_unlike_this_machine(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """An image holds another Python than the one Shoal runs on.

    A script that connects by Ray Client (`ray://`) sends its functions pickled, and needs the same minor version of
    Python on both sides. Submitted jobs don't. The version is read from the tag, as in `2.60.0-py311`.

    Use an image with your Python, or run the script with the Python of the image.
    """
    found = python_of(cluster.head.container.image)
    if cluster.kind == "RayCluster" and found and facts.python_version and found != facts.python_version:
        message = f"the head's image has Python {found}, this machine {facts.python_version}"
        hint = f"to connect by ray://, take the image with -py{facts.python_version.replace('.', '')}"
        yield Hit(message, (*cluster.head.container_path, "image"), hint)


@rule("L135", Severity.WARNING)
def image_tag_moves(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """The tag of a Ray container's image means another image tomorrow.

    `latest`, `nightly` and no tag at all move. A worker that is added next week then runs another Ray than the head,
    and can't join.

    Write a version, as `rayproject/ray:2.60.0-py311`, or a digest.
    """
    for group in cluster.groups:
        if moves(group.container.image):
            message = f"the image of {group.title}, {group.container.image!r}, has no fixed version"
            yield Hit(message, (*group.container_path, "image"), "write a version as the tag, or a digest")


@rule("L136", Severity.ERROR)
def ray_is_too_old_for_tokens(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Token authentication is on for a Ray that doesn't know it.

    Tokens came with Ray 2.52. An older one ignores the setting and stays open to everybody, which nobody would notice.

    Use Ray 2.52 or newer.
    """
    auth = cluster.spec.auth_options
    version = cluster.ray_version
    if auth is not None and auth.mode == "token" and version and numbers(version) < TOKENS_SINCE:
        message = f"Ray {version} knows no token authentication"
        yield Hit(message, (*cluster.path, "authOptions", "mode"), "use Ray 2.52 or newer")


@rule("L137", Severity.WARNING)
def image_is_missing(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """A Ray container has no image.

    Kubernetes refuses a pod whose container names none. As processes on this machine the cluster works without.

    Add it:

        image: rayproject/ray:2.60.0-py311
    """
    for group in cluster.groups:
        if not group.container.image:
            version = cluster.spec.ray_version or facts.ray_version
            hint = f"add `image: rayproject/ray:{version}`" if version else "add `image:`"
            yield Hit(f"{group.title} has no image", group.container_path, hint)
