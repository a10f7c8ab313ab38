"""Names of a cluster's pods and objects, as KubeRay makes them."""

LONGEST_NAME = 50
"""What KubeRay leaves of a name, so that there is room for what is put behind it."""


def check_name(name: str) -> str:
    """The last 50 characters of a name, an ``r`` in place of a first one that no name may begin with."""
    kept = name[-LONGEST_NAME:]
    return kept if kept[:1].isalpha() else f"r{kept[1:]}"
