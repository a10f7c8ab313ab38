"""Fitted preprocessors as JSON and back. Reading runs no code but that of preprocessors known by name.

What JSON has no word for is an object of one key, its kind: ``{"tuple": [1, 2]}``. What is none of the kinds below is
refused, or, if it is code (a function of a BatchMapper), kept by pickle, and read only where that is asked for.
"""

import base64
import math
from collections import Counter
from collections.abc import Callable
from enum import Enum
from typing import Any

from shoal.air import skops_objects
from shoal.air.errors import CheckpointInvalid, CodeNotTrusted, SettingInvalid

RAY_FUNCTIONS = {("ray.data.preprocessors.utils", "simple_split_tokenizer")}
"""Functions that preprocessors have as defaults, by module and name."""


def encode(value: Any) -> Any:
    """``value`` as what ``json.dumps`` takes.

    Raises:
        SettingInvalid: it can't be kept without pickle, and is no function.
    """
    import numpy as np
    from ray.data.preprocessor import Preprocessor

    if value is None or (isinstance(value, bool | int | str) and not isinstance(value, Enum)):
        return value
    if isinstance(value, float) and not isinstance(value, np.generic):
        return value if math.isfinite(value) else {"float": str(value)}
    if isinstance(value, list):
        return [encode(item) for item in value]
    if isinstance(value, np.generic | np.ndarray):
        return _encode_array(value)
    if isinstance(value, Preprocessor):
        return _encode_preprocessor(value)
    return _encode_other(value)


def decode(value: Any, *, trust_code: bool) -> Any:
    """What `encode` was given.

    Raises:
        CheckpointInvalid: it isn't what `encode` gives.
        CodeNotTrusted: it holds code, and ``trust_code`` is not said.
    """
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, list):
        return [decode(item, trust_code=trust_code) for item in value]
    kind, held = next(iter(value.items()), ("", None))
    if kind not in DECODERS:
        raise CheckpointInvalid(f"it holds a value of the unknown kind {kind!r}")
    return DECODERS[kind](held, trust_code)


def _encode_other(value: Any) -> Any:
    import pandas as pd
    import pyarrow

    if isinstance(value, tuple):
        return {"tuple": [encode(item) for item in value]}
    if isinstance(value, Counter):
        return {"counter": _encode_pairs(value)}
    if isinstance(value, dict):
        return {"dict": _encode_pairs(value)}
    if isinstance(value, set | frozenset):
        return {"set": [encode(item) for item in value]}
    if isinstance(value, pd.CategoricalDtype):
        return {"category": [encode(value.categories.tolist()), bool(value.ordered)]}
    if isinstance(value, pyarrow.Array | pyarrow.ChunkedArray):
        return {"arrow": [str(value.type), encode(value.to_pylist())]}
    if hasattr(value, "get_params") and hasattr(value, "fit"):
        return _encode_estimator(value)
    if callable(value):
        return _encode_function(value)
    raise SettingInvalid(f"{type(value).__name__} can't be kept in a checkpoint: {value!r}")


def _encode_pairs(value: dict[Any, Any]) -> list[list[Any]]:
    return [[encode(key), encode(item)] for key, item in value.items()]


def _encode_array(value: Any) -> Any:
    if value.dtype.kind not in "biufU":
        return {"list_array": [encode(item) for item in value.tolist()]}
    return {"array": [value.dtype.str, list(value.shape), [encode(item) for item in value.ravel().tolist()]]}


def _encode_preprocessor(value: Any) -> Any:
    name = type(value).__name__
    if not issubclass(known_preprocessors().get(name, object), type(value)):  # Ray's own that we mend become ours
        raise SettingInvalid(
            f"the preprocessor {name} can't be kept in a checkpoint",
            next_step="use one of air's, or air.BatchMapper for a function of yours",
        )
    fields, stats = encode(value._get_serializable_fields()), encode(value._get_stats())
    return {"preprocessor": {"name": name, "version": value.get_version(), "fields": fields, "stats": stats}}


def _encode_estimator(value: Any) -> Any:
    return {"skops": base64.b64encode(skops_objects.dumps(value)).decode()}


def _encode_function(value: Any) -> Any:
    module, name = getattr(value, "__module__", ""), getattr(value, "__qualname__", "")
    if (module, name) in RAY_FUNCTIONS:
        return {"function": [module, name]}
    from ray import cloudpickle

    return {"code": [name, base64.b64encode(cloudpickle.dumps(value)).decode()]}


def code_in(value: Any) -> list[str]:
    """The names of the functions of yours that an encoded value holds."""
    if isinstance(value, list):
        return [name for item in value for name in code_in(item)]
    if not isinstance(value, dict):
        return []
    return [value["code"][0]] if set(value) == {"code"} else [name for item in value.values() for name in code_in(item)]


def known_preprocessors() -> dict[str, Any]:
    """The classes that a checkpoint may name."""
    from ray.data import preprocessors as ray_ones

    from shoal.air import RAY_PREPROCESSORS, imputer, one_hot, preprocessors

    mended = (imputer.SimpleImputer, one_hot.OneHotEncoder)
    ours = (preprocessors.BatchMapper, preprocessors.SklearnTransformer, *mended)
    return {name: getattr(ray_ones, name) for name in RAY_PREPROCESSORS} | {each.__name__: each for each in ours}


def _decode_preprocessor(held: Any, trust_code: bool) -> Any:
    from ray.data.preprocessor import Preprocessor

    known = known_preprocessors()
    name, version = held["name"], held["version"]
    if name not in known or version > known[name].get_version():
        raise CheckpointInvalid(
            f"its preprocessor {name} (version {version}) is unknown here", next_step="update Ray and Shoal"
        )
    restored = known[name].__new__(known[name])
    Preprocessor.__init__(restored)
    restored._set_serializable_fields(fields=decode(held["fields"], trust_code=trust_code), version=version)
    restored._set_stats(decode(held["stats"], trust_code=trust_code))
    return restored


def _decode_array(held: Any, trust_code: bool) -> Any:
    import numpy as np

    kind, shape, values = held
    made = np.array(decode(values, trust_code=trust_code), dtype=np.dtype(kind)).reshape(shape)
    return made[()] if not shape else made


def _decode_list_array(held: Any, trust_code: bool) -> Any:
    import numpy as np

    made: Any = np.empty(len(held), dtype=object)
    made[:] = decode(held, trust_code=trust_code)
    return made


def _decode_arrow(held: Any, trust_code: bool) -> Any:
    import pyarrow

    kind, values = held
    return pyarrow.array(decode(values, trust_code=trust_code), type=pyarrow.type_for_alias(kind))


def _decode_category(held: Any, trust_code: bool) -> Any:
    import pandas as pd

    return pd.CategoricalDtype(decode(held[0], trust_code=trust_code), ordered=held[1])


def _decode_estimator(held: Any, trust_code: bool) -> Any:
    return skops_objects.loads(base64.b64decode(held), trust_code=trust_code)


def _decode_function(held: Any, trust_code: bool) -> Any:
    from importlib import import_module

    module, name = held
    if (module, name) not in RAY_FUNCTIONS:
        raise CheckpointInvalid(f"it names the function {module}.{name}, which is none of the known ones")
    return getattr(import_module(module), name)


def _decode_code(held: Any, trust_code: bool) -> Any:
    name, data = held
    if not trust_code:
        raise CodeNotTrusted(name)
    from ray import cloudpickle

    return cloudpickle.loads(base64.b64decode(data))


def _decode_dict(held: Any, trust_code: bool) -> dict[Any, Any]:
    return {decode(key, trust_code=trust_code): decode(item, trust_code=trust_code) for key, item in held}


DECODERS: dict[str, Callable[[Any, bool], Any]] = {
    "array": _decode_array,
    "arrow": _decode_arrow,
    "category": _decode_category,
    "code": _decode_code,
    "counter": lambda held, trust_code: Counter(_decode_dict(held, trust_code)),
    "dict": _decode_dict,
    "float": lambda held, _: float(held),
    "function": _decode_function,
    "list_array": _decode_list_array,
    "preprocessor": _decode_preprocessor,
    "set": lambda held, trust_code: set(decode(held, trust_code=trust_code)),
    "skops": _decode_estimator,
    "tuple": lambda held, trust_code: tuple(decode(held, trust_code=trust_code)),
}
