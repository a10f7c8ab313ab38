"""scikit-learn's objects as bytes, by skops: read without pickle, and only types that are known."""

from typing import Any

from shoal.air.errors import CodeNotTrusted

KERNELS = (
    "CompoundKernel",
    "ConstantKernel",
    "DotProduct",
    "ExpSineSquared",
    "Exponentiation",
    "Matern",
    "PairwiseKernel",
    "Product",
    "RBF",
    "RationalQuadratic",
    "Sum",
    "WhiteKernel",
)
DISTANCES = ("Chebyshev", "Euclidean", "Haversine", "Manhattan", "Minkowski", "SEuclidean")
KNOWN_TYPES = {
    "numpy.dtype",
    "sklearn.calibration._CalibratedClassifier",
    "sklearn.calibration._SigmoidCalibration",
    "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
    "sklearn.gaussian_process._gpc._BinaryGaussianProcessClassifierLaplace",
    *(f"sklearn.gaussian_process.kernels.{kernel}" for kernel in KERNELS),
    *(f"sklearn.metrics._dist_metrics.{distance}Distance64" for distance in DISTANCES),
    "sklearn.neighbors._ball_tree.BallTree",
    "sklearn.neighbors._kd_tree.KDTree",
    "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
    "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
    "sklearn.tree._tree.Tree",
    "sklearn.utils._bunch.Bunch",
}
"""Types that skops leaves to us to judge. They hold numbers, or objects that are judged themselves, and run no code
when they are made: skops gives each its attributes, past its constructor. A distance that is a function is not here.
The numbers in trees of any kind are believed: wrong ones can end the process that predicts."""


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
