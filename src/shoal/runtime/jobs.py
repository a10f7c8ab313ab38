"""The jobs of a cluster, by its name."""

from pathlib import Path

from shoal.engine.jobs import Jobs
from shoal.runtime.backend_for import backend_of


def jobs_of(name: str) -> Jobs:
    """The Jobs API of the cluster called ``name``; each of its operations blocks. Raises ClusterUnknown."""
    endpoints = backend_of(name).endpoints(name)
    return Jobs(endpoints.dashboard, Path(endpoints.token_path).read_text().strip())
