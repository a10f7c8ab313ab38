"""What the operator sets itself, set by hand as well: one of the two would be lost in silence."""

from collections.abc import Iterator, Sequence

from shoal.findings import Path, Severity
from shoal.lint.context import ClusterContext
from shoal.lint.facts import Facts
from shoal.lint.rule import Hit, rule
from shoal.spec.kubernetes.container import Container, EnvVar, VolumeMount
from shoal.spec.raycluster import AutoscalerOptions, GcsFaultToleranceOptions
from shoal.spec.reserved import (
    AUTOSCALER_COMMAND,
    COLLECTOR,
    COLLECTOR_VARIABLES,
    STORE_PATH,
    STORE_VARIABLES,
    STORE_VOLUME,
    TLS_PATH,
    TLS_VARIABLES,
    TLS_VOLUME,
)

_ROCKSDB = "rocksdb"
_OF_A_NEW_CLAIM = ("size", "storage_class_name", "access_modes")


@rule("L197", Severity.ERROR)
def certificates_are_set_twice(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """Certificates are set by hand beside `tlsOptions`.

    With `tlsOptions: {enabled: true}` the operator makes the certificates of every pod, mounts them at /etc/ray/tls and
    tells Ray. A variable or a mount of the manifest's own in their place would be a certificate that the others don't
    know.

    Remove the variables `RAY_USE_TLS` and `RAY_TLS_...` and the mount, or `tlsOptions`.
    """
    options = cluster.spec.tls_options
    if options is None or not options.enabled:
        return
    places = [(group.title, group.container_path, _named(group.container)) for group in cluster.groups]
    if cluster.spec.autoscaler_options is not None:
        places.append(("the autoscaler", _scaler(cluster), _named(cluster.spec.autoscaler_options)))
    for title, path, named in places:
        for what, where in _taken(*named, TLS_VARIABLES, (TLS_VOLUME, TLS_PATH)):
            hint = "remove it, or tlsOptions"
            yield Hit(f"{what} of {title} stands beside tlsOptions, which sets it", (*path, where), hint)


@rule("L198", Severity.ERROR)
def store_is_contradicted(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`gcsFaultToleranceOptions` mixes Redis and the store on a volume, or that store is set by hand as well.

    The GCS keeps its state in Redis or, with `backend: rocksdb`, on a volume of the head's at /data/gcs that the
    operator makes. Fields of the one have no effect with the other; a claim of yours has its size already.

    Write one of the two:

        gcsFaultToleranceOptions: {backend: rocksdb, storage: {size: 1Gi}}
        gcsFaultToleranceOptions: {redisAddress: "redis:6379"}
    """
    options = cluster.spec.gcs_fault_tolerance_options
    if options is None:
        return
    path = (*cluster.path, "gcsFaultToleranceOptions")
    if options.backend != _ROCKSDB:
        if options.storage is not None:
            hint = "add `backend: rocksdb`, or remove it"
            yield Hit("storage has no effect where the state is in Redis", (*path, "storage"), hint)
        return
    for field in _of_redis(options):
        yield Hit(f"{field} has no effect with backend: rocksdb", (*path, field), "remove it, or the backend")
    storage = options.storage
    if storage is not None and storage.claim_name and any(getattr(storage, field) for field in _OF_A_NEW_CLAIM):
        hint = "remove size, storageClassName and accessModes, or claimName"
        yield Hit("a claim that exists has its size, class and modes", (*path, "storage", "claimName"), hint)
    head = cluster.head
    reserved = (STORE_VOLUME, STORE_PATH)
    for what, where in _taken(*_named(head.container), STORE_VARIABLES, reserved):
        hint = "remove it, or the backend"
        yield Hit(
            f"{what} of the head stands beside backend: rocksdb, which sets it", (*head.container_path, where), hint
        )
    if any(volume.name == STORE_VOLUME for volume in head.pod.volumes):
        message = f"the volume {STORE_VOLUME} of the head stands beside backend: rocksdb, which makes it"
        yield Hit(message, (*head.pod_path, "volumes"), "give it another name")


@rule("L199", Severity.ERROR)
def collector_lacks_something(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`historyServerOptions` doesn't say enough for a collector, or says what the operator does.

    The operator puts KubeRay's collector beside Ray in each pod. It needs an image and to know what it writes to; whose
    logs it collects the operator tells it.

    Write:

        historyServerOptions:
          collectorOptions:
            image: quay.io/kuberay/collector:v1.6.0
            env: [{name: STORAGE_BACKEND, value: S3}, {name: S3_REGION, value: eu-central-1}]
    """
    if cluster.spec.history_server_options is None:
        return
    options, path = cluster.spec.history_server_options.collector_options, (*cluster.path, "historyServerOptions")
    if options is None:
        yield Hit("historyServerOptions has no collectorOptions", path, "add collectorOptions with an image")
        return
    path = (*path, "collectorOptions")
    if not options.image:
        yield Hit("the collector has no image", path, "add `image:`")
    for variable in options.env:
        if variable.name in COLLECTOR_VARIABLES:
            yield Hit(f"the collector's variable {variable.name} is the operator's to set", (*path, "env"), "remove it")
    if not any(variable.name == "STORAGE_BACKEND" and variable.value for variable in options.env):
        hint = "add STORAGE_BACKEND to its env: GCS, S3, AzureBlob or AliyunOSS"
        yield Hit("the collector isn't told what it writes to", (*path, "env"), hint)
    for group in cluster.groups:
        for where, container in group.containers():
            if container.name == COLLECTOR:
                yield Hit(f"{group.title} has a container called as the collector", where, "give it another name")


@rule("L166", Severity.ERROR)
def generated_command_is_set(cluster: ClusterContext, facts: Facts) -> Iterator[Hit]:
    """`autoscalerOptions.env` sets the variable that has the autoscaler's own command.

    The operator puts the command that it would start the autoscaler with there, for `args` that add something to it.
    Set by hand, such `args` would run something else.

    Remove it, and use it in `args`:

        autoscalerOptions:
          args: ["ulimit -n 65536; $KUBERAY_GEN_AUTOSCALER_START_CMD"]
    """
    options = cluster.spec.autoscaler_options
    if options is not None and any(variable.name == AUTOSCALER_COMMAND for variable in options.env):
        message = f"the autoscaler's variable {AUTOSCALER_COMMAND} is the operator's to set"
        yield Hit(message, (*_scaler(cluster), "env"), "remove it")


def _scaler(cluster: ClusterContext) -> Path:
    return (*cluster.path, "autoscalerOptions")


def _named(container: Container | AutoscalerOptions) -> tuple[Sequence[EnvVar], Sequence[VolumeMount]]:
    return container.env, container.volume_mounts


def _taken(
    env: Sequence[EnvVar], mounts: Sequence[VolumeMount], variables: Sequence[str], reserved: tuple[str, str]
) -> Iterator[tuple[str, str]]:
    """What of a container is taken already, and in which of its fields. reserved: a volume and its path."""
    name, path = reserved
    for variable in env:
        if variable.name in variables:
            yield f"the variable {variable.name}", "env"
    for mount in mounts:
        if mount.name == name or mount.mount_path.rstrip("/") == path:
            yield f"the mount {mount.name} at {mount.mount_path}", "volumeMounts"


def _of_redis(options: GcsFaultToleranceOptions) -> Iterator[str]:
    given = {
        "redisAddress": options.redis_address,
        "redisUsername": options.redis_username,
        "redisPassword": options.redis_password,
        "externalStorageNamespace": options.external_storage_namespace,
    }
    return (field for field, value in given.items() if value)
