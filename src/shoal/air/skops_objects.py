"""scikit-learn's objects as bytes, by skops: read without pickle, and only types that are known."""

from typing import Any

from shoal.air.errors import CodeNotTrusted

KNOWN_TYPES = {
    "numpy.dtype",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
}
"""Types that skops leaves to us to judge. They hold numbers, or objects that are judged themselves, and run no code
when they are made."""


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
