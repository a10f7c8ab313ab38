"""Names of a cluster's pods and objects, as KubeRay makes them."""

from shoal.desired.cluster import Role
from shoal.spec.raycluster import GcsFaultToleranceOptions, RayCluster

LONGEST_NAME = 50
"""What KubeRay leaves of a name, so that there is room for what is put behind it."""
LONGEST_LABEL = 63


def check_name(name: str) -> str:
    """The last 50 characters of a name, an ``r`` in place of a first one that no name may begin with."""
    kept = name[-LONGEST_NAME:]
    return kept if kept[:1].isalpha() else f"r{kept[1:]}"


def check_label(value: str) -> str:
    """The last 63 characters of a label's value, an ``r`` in place of a first one that no value may begin with."""
    kept = value[-LONGEST_LABEL:]
    return kept if kept[:1].isalnum() else f"r{kept[1:]}"


def pod_prefix(cluster: str, group: str | None) -> str:
    """What the names of a group's pods begin with; the head's for None.

    Of what comes before the role the first 50 characters stay. KubeRay would leave in what no pod's name may hold.
    """
    owner = cluster if group is None else f"{cluster}-{group}"
    kept = owner[:LONGEST_NAME].lower().replace("_", "-").rstrip(".")
    return f"{kept}-{Role.HEAD if group is None else Role.WORKER}-"


def identifier(cluster: str, role: Role) -> str:
    """The value of the label ``ray.io/identifier``."""
    return check_label(f"{cluster}-{role}")


def head_service(cluster: RayCluster) -> str:
    """The service in front of the head: the manifest's own name for it, or KubeRay's."""
    given = cluster.spec.head_group_spec.head_service
    return (given.metadata.name if given else "") or f"{cluster.metadata.name}-head-svc"


def head_domain(cluster: RayCluster, domain: str) -> str:
    """The head service's full name in DNS. domain: of the Kubernetes cluster."""
    return f"{head_service(cluster)}.{cluster.metadata.namespace or 'default'}.svc.{domain}"


def headless_service(cluster: str) -> str:
    """The service through which the hosts of a multi-host replica find each other."""
    return f"{cluster}-headless"


def service_account(cluster: RayCluster) -> str:
    """Whom the autoscaler acts as: the head template's service account, or one of the cluster's own."""
    pod = cluster.spec.head_group_spec.template.spec
    return (pod.service_account_name if pod else "") or check_name(cluster.metadata.name)


def head_ingress(cluster: str) -> str:
    """The Ingress to the dashboard."""
    return check_name(f"{cluster}-head-ingress")


def head_route(cluster: str) -> str:
    """The Route to the dashboard, on OpenShift."""
    return check_name(f"{cluster}-head-route")


def storage_claim(cluster: RayCluster) -> str:
    """The claim of the volume on which the GCS keeps its own state: the manifest's, or one of the cluster's own."""
    options = cluster.spec.gcs_fault_tolerance_options or GcsFaultToleranceOptions()
    return (options.storage.claim_name if options.storage else "") or f"{cluster.metadata.name}-gcs-pvc"


def redis_cleanup(cluster: str) -> str:
    """The Job that removes what a deleted cluster left in Redis. Its pods are labelled with its name."""
    return check_label(f"{cluster}-redis-cleanup")


def head_policy(cluster: str) -> str:
    """The NetworkPolicy of the head."""
    return f"{cluster}-head"


def workers_policy(cluster: str, group: str) -> str:
    """The NetworkPolicy of a worker group."""
    return f"{cluster}-workers-{group}"
