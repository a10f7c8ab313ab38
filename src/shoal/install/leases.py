"""The Leases of operators of RayClusters: whoever holds one of these names is at work."""

from datetime import datetime

from shoal.install.options import NAME

OURS, KUBERAYS = NAME, "ray-operator-leader"
SILENT_S = 60
"""A holder renews its Lease every few seconds, so one that is silent for this long has gone."""


def is_held(holder: str, renewed: str | None, now: float) -> bool:
    """Whether somebody holds a Lease.

    renewed: RFC 3339. now: seconds since 1970, by the clock of whoever asks, which may differ by seconds.
    """
    if not holder or not renewed:
        return False
    return now - datetime.fromisoformat(renewed).timestamp() < SILENT_S
