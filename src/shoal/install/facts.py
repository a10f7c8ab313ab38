"""What is looked at before anything is installed: the fields of Kubernetes objects that decide something."""

from itertools import pairwise

import msgspec

from shoal.install.options import INSTALLATION, OURS, PART_OF
from shoal.spec.wire import Wire

OPERATORS = "app.kubernetes.io/name in (kuberay-operator, kuberay)"
"""Selects the Deployments of operators for Ray's kinds, KubeRay's and ours."""
WATCH_OPTION = "--watch-namespace"


class Meta(Wire, frozen=True):
    name: str = ""
    namespace: str = ""
    generation: int = 0
    resource_version: str = ""
    labels: dict[str, str] = {}
    annotations: dict[str, str] = {}
    finalizers: tuple[str, ...] = ()


class Named(Wire, frozen=True):
    """Any object of which only the metadata matters."""

    metadata: Meta = Meta()


class Container(Wire, frozen=True):
    image: str = ""
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()


class PodSpec(Wire, frozen=True):
    containers: tuple[Container, ...] = ()


class PodTemplate(Wire, frozen=True):
    spec: PodSpec = PodSpec()


class DeploymentSpec(Wire, frozen=True):
    replicas: int = 1
    template: PodTemplate = PodTemplate()


class Condition(Wire, frozen=True):
    type: str
    status: str = ""
    reason: str = ""
    message: str = ""


class DeploymentStatus(Wire, frozen=True):
    observed_generation: int = 0
    replicas: int = 0
    updated_replicas: int = 0
    available_replicas: int = 0
    conditions: tuple[Condition, ...] | None = None


class Deployment(Wire, frozen=True):
    """A Deployment, of which the first container is the operator."""

    metadata: Meta = Meta()
    spec: DeploymentSpec = DeploymentSpec()
    status: DeploymentStatus = DeploymentStatus()

    @property
    def is_ours(self) -> bool:
        """Whether Shoal made it."""
        return self.metadata.labels.get(PART_OF) == OURS

    @property
    def is_available(self) -> bool:
        """Whether as many pods as are wanted run, all of them as the Deployment is now."""
        seen = self.status.observed_generation >= self.metadata.generation
        wanted = self.spec.replicas
        return seen and min(self.status.updated_replicas, self.status.available_replicas) >= wanted

    @property
    def watched(self) -> frozenset[str]:
        """The namespaces that its command line names; empty: all."""
        first = self.spec.template.spec.containers[:1]
        words = [word for one in first for word in (*one.command, *one.args)]
        found: set[str] = set()
        for word, after in pairwise([*words, ""]):
            option, _, value = word.partition("=")
            if option.replace("--", "-") == WATCH_OPTION.replace("--", "-"):
                found |= set((value or after).split(","))
        return frozenset(found - {""})


class LeaseSpec(Wire, frozen=True):
    holder_identity: str = ""
    renew_time: str = ""
    lease_duration_seconds: int = 15


class Lease(Wire, frozen=True):
    metadata: Meta = Meta()
    spec: LeaseSpec = LeaseSpec()


class QuotaStatus(Wire, frozen=True):
    hard: dict[str, str] = {}
    used: dict[str, str] = {}


class Quota(Wire, frozen=True):
    """A ResourceQuota."""

    metadata: Meta = Meta()
    status: QuotaStatus = QuotaStatus()


class Conversion(Wire, frozen=True):
    strategy: str = "None"


class DefinitionSpec(Wire, frozen=True):
    conversion: Conversion = Conversion()


class DefinitionStatus(Wire, frozen=True):
    stored_versions: tuple[str, ...] = ()
    conditions: tuple[Condition, ...] | None = None


class Definition(Wire, frozen=True):
    """A CustomResourceDefinition."""

    metadata: Meta = Meta()
    spec: DefinitionSpec = DefinitionSpec()
    status: DefinitionStatus = DefinitionStatus()

    @property
    def is_established(self) -> bool:
        """Whether objects of the kind can be made."""
        return any(one.type == "Established" and one.status == "True" for one in self.status.conditions or ())


class Facts(msgspec.Struct, frozen=True):
    """What was found on a cluster.

    server: its version, as ``v1.34.4``. unreachable: why it can't be asked at all, or "".
    namespaces: those of ``Options.namespace`` and ``Options.watch`` that exist.
    refused: of what installing takes, what whoever asks may not do, in the API server's words.
    account_lacks: what the operator may not do; None where it is not installed yet.
    admits: whether the API server knows ValidatingAdmissionPolicies.
    unseen: why a part could not be looked at, by the name of its check. now: RFC 3339.
    """

    server: str = ""
    unreachable: str = ""
    namespaces: tuple[Named, ...] = ()
    definitions: tuple[Definition, ...] = ()
    operators: tuple[Deployment, ...] = ()
    leases: tuple[Lease, ...] = ()
    quotas: tuple[Quota, ...] = ()
    refused: tuple[str, ...] = ()
    account_lacks: tuple[str, ...] | None = None
    admits: bool = True
    unseen: dict[str, str] = {}
    now: str = ""

    @property
    def existing(self) -> dict[str, Named]:
        """The namespaces by name."""
        return {one.metadata.name: one for one in self.namespaces}

    def installed(self, namespace: str) -> Deployment | None:
        """Our own operator in ``namespace``, whichever version."""
        ours = (one for one in self.operators if one.is_ours and one.metadata.labels.get(INSTALLATION) == namespace)
        return next(ours, None)
