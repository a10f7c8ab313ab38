"""scikit-learn's objects as bytes, by skops: read without pickle, and only types that are known."""

from typing import Any

from shoal.air.errors import CodeNotTrusted

KNOWN_TYPES = {"numpy.dtype", "sklearn.tree._tree.Tree"}
"""Types that skops leaves to us to judge. Both hold numbers and run no code when they are made."""


def dumps(value: Any) -> bytes:
    """A transformer or estimator as bytes."""
    from skops import io

    made: bytes = io.dumps(value)
    return made


def loads(data: bytes, *, trust_code: bool) -> Any:
    """What `dumps` was given.

    Raises:
        CodeNotTrusted: it is made of types that are not known, and ``trust_code`` is not said.
    """
    from skops import io

    found = set(io.get_untrusted_types(data=data))
    unknown = sorted(found - KNOWN_TYPES)
    if unknown and not trust_code:
        raise CodeNotTrusted(", ".join(unknown))
    return io.loads(data, trusted=sorted(found))
