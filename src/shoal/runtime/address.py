"""A cluster as a person names it."""

from typing import NamedTuple


class Address(NamedTuple):
    """name: of the cluster. context: of a kubeconfig; "" for this machine, None where nothing was said.

    namespace: on Kubernetes; "" where nothing was said.
    """

    name: str
    context: str | None = None
    namespace: str = ""

    @property
    def says_where(self) -> bool:
        """Whether the name alone doesn't have to tell where the cluster is."""
        return self.context is not None or bool(self.namespace)
