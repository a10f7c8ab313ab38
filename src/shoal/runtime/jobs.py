"""The jobs of a cluster, by its address."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from shoal.backends.base import Endpoints
from shoal.engine.jobs import Jobs
from shoal.runtime.address import Address
from shoal.runtime.backend_for import backend_of


@contextmanager
def jobs_of(cluster: Address) -> Iterator[Jobs]:
    """The Jobs API of the cluster, for as long as this holds; each of its operations blocks. Raises ClusterUnknown."""
    with backend_of(cluster).reach(cluster.name) as endpoints:
        yield jobs_at(endpoints)


def jobs_at(endpoints: Endpoints) -> Jobs:
    """The Jobs API of the cluster that is reached there."""
    return Jobs(endpoints.dashboard, token_in(endpoints))


def token_in(endpoints: Endpoints) -> str:
    """The token of the cluster that is reached there, "" if it asks for none."""
    return Path(endpoints.token_path).read_text().strip() if endpoints.token_path else ""
