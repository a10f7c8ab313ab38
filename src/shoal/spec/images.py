"""What the name of a container image says about what is in it."""

import re

_RAY_TAG = re.compile(r"(\d+\.\d+\.\d+)(?:[.-].*)?")
_PYTHON = re.compile(r"(?:^|-)py3(\d{1,2})(?:-|$)")
MOVING_TAGS = frozenset(("latest", "nightly", "main", "master", "dev", "stable"))


def tag_of(image: str) -> str:
    """The tag of an image, "" without one."""
    name, _, _ = image.partition("@")
    _, colon, tag = name.rpartition("/")[2].partition(":")
    return tag if colon else ""


def ray_of(image: str) -> str:
    """The version of Ray that the tag of a Ray image names, "" where the image or its tag is of another kind."""
    name = image.partition("@")[0].rpartition("/")[2].partition(":")[0]
    found = _RAY_TAG.fullmatch(tag_of(image)) if name.startswith("ray") else None
    return found[1] if found else ""


def python_of(image: str) -> str:
    """The Python that the tag names, as "3.11"; "" where it names none."""
    found = _PYTHON.search(tag_of(image))
    return f"3.{found[1]}" if found else ""


def moves(image: str) -> bool:
    """Whether the same name will mean another image later: no digest, and no tag that stays."""
    return bool(image) and "@" not in image and (tag_of(image) or "latest").split("-")[0] in MOVING_TAGS
