"""What lint may know of this machine."""

import sys

from shoal.backends.local.preflight import installed_ray
from shoal.lint.facts import Facts


def facts() -> Facts:
    """Versions of the Ray and the Python beside Shoal."""
    return Facts(ray_version=installed_ray(), python_version=f"{sys.version_info.major}.{sys.version_info.minor}")
