"""What whoever installs the operator may choose, and the names that follow from it."""

from typing import Literal, TypeAlias

import msgspec

import shoal

Profile: TypeAlias = Literal["secure", "compat"]

NAME = "shoal-operator"
NAMESPACE = "shoal-system"
IMAGE = f"ghcr.io/shoal-dev/shoal-operator:{shoal.__version__}"

APPLICATION = "app.kubernetes.io/name"
PART_OF = "app.kubernetes.io/part-of"
MANAGED_BY = "app.kubernetes.io/managed-by"
VERSION = "app.kubernetes.io/version"
INSTALLATION = "shoal.dev/installation"
"""Label of all that one installation consists of: its namespace."""
OURS = "shoal"

SELECTOR = {APPLICATION: "kuberay-operator", PART_OF: OURS}
"""Finds the operator's pods. `kubectl ray` finds an operator by the first."""


class Options(msgspec.Struct, frozen=True):
    """One installation.

    namespace: where the operator itself runs. watch: the namespaces whose RayClusters it runs, sorted; empty: all.
    replicas: how many wait for the Lease; one of them works.
    """

    namespace: str = NAMESPACE
    profile: Profile = "secure"
    watch: tuple[str, ...] = ()
    image: str = IMAGE
    replicas: int = 1

    @property
    def labels(self) -> dict[str, str]:
        """Of every object of the installation, but for the definitions of Ray's kinds, which are the cluster's."""
        return SELECTOR | {
            "app.kubernetes.io/component": "kuberay-operator",
            VERSION: shoal.__version__,
            MANAGED_BY: OURS,
            INSTALLATION: self.namespace,
        }

    @property
    def account(self) -> str:
        """The operator as the API server names it."""
        return f"system:serviceaccount:{self.namespace}:{NAME}"


def metadata(options: Options, name: str, namespace: str = "") -> dict[str, object]:
    """The metadata of an object of the installation."""
    place = {"namespace": namespace} if namespace else {}
    return {"name": name, **place, "labels": options.labels}
