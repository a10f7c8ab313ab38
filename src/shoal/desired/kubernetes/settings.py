"""What an operator is told once and every cluster's objects depend on."""

from typing import Literal

import msgspec


class Settings(msgspec.Struct, frozen=True):
    """How the operator runs clusters.

    profile: ``secure`` closes what a manifest leaves open; ``compat`` leaves it as KubeRay does.
    operator_namespace: where the operator itself runs; pods there may reach the GCS of every cluster.
    cluster_domain: of the cluster's DNS. has_routes: the API server serves OpenShift's Route. keeper: the
    program, in Python, that keeps logs beside Ray. is_judged: the API server itself refuses clusters that ask for more
    than their authors may have.
    """

    profile: Literal["secure", "compat"] = "secure"
    operator_namespace: str = "shoal-system"
    cluster_domain: str = "cluster.local"
    has_routes: bool = False
    keeper: str = ""
    is_judged: bool = False

    @property
    def secure(self) -> bool:
        """Whether what a manifest leaves open is closed."""
        return self.profile == "secure"
