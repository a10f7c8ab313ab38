"""The preprocessors that Ray has not: a function of yours, as AIR had it, and any transformer of scikit-learn's.

Both are preprocessors as Ray's own are: they can stand in a Chain, and Ray Data can apply them.
"""

from collections.abc import Callable, Sequence
from typing import Any

from ray.data.preprocessor import SerializablePreprocessorBase

from shoal.air.arrow import with_numpy_types
from shoal.air.errors import SettingInvalid
from shoal.air.parameters import Parameters


class BatchMapper(SerializablePreprocessorBase):  # type: ignore[misc]
    """Applies a function to each batch of rows. It learns nothing.

    fn: from a batch to a batch of as many rows.
    batch_format: "pandas" (a DataFrame) or "numpy" (a dict of arrays).

    A checkpoint that holds one can only be loaded by whoever trusts its code: ``air.load(path, trust_code=True)``.
    """

    _is_fittable = False

    def __init__(self, fn: Callable[[Any], Any], batch_format: str = "pandas") -> None:
        super().__init__()
        if batch_format not in ("pandas", "numpy"):
            raise SettingInvalid(f"batch_format={batch_format!r} is neither 'pandas' nor 'numpy'")
        self.fn = fn
        self.batch_format = batch_format

    def _transform_pandas(self, df: Any) -> Any:
        import pandas as pd

        df = with_numpy_types(df)
        if self.batch_format == "pandas":
            return self.fn(df)
        return pd.DataFrame(self.fn({name: df[name].to_numpy() for name in df.columns}), index=df.index)

    def _get_serializable_fields(self) -> dict[str, Any]:
        return {"fn": self.fn, "batch_format": self.batch_format}

    def _set_serializable_fields(self, fields: dict[str, Any], version: int) -> None:
        self.fn, self.batch_format = fields["fn"], fields["batch_format"]

    def __repr__(self) -> str:
        return f"BatchMapper({getattr(self.fn, '__qualname__', self.fn)!s})"


class SklearnTransformer(Parameters, SerializablePreprocessorBase):  # type: ignore[misc]
    """Fits and applies a transformer of scikit-learn's, or one with its manners, to some columns.

    transformer: with ``fit`` and ``transform``. It stays as it is: what is fitted is a clone.
    columns: which it sees, or the one of texts that it counts the words of. They make room for what it gives, named by
        its ``get_feature_names_out``.

    It is fitted on all rows of these columns at once, also where Ray Data holds them.
    """

    def __init__(self, transformer: Any, columns: Sequence[str]) -> None:
        super().__init__()
        self.transformer = transformer
        self.columns = columns

    def _fit(self, ds: Any) -> "SklearnTransformer":
        from sklearn.base import clone

        rows = ds.select_columns(list(self.columns)).to_pandas()
        self.stats_ = {"fitted": clone(self.transformer).fit(self._seen(rows))}
        return self

    def _transform_pandas(self, df: Any) -> Any:
        import pandas as pd

        learned = self.stats_["fitted"]
        made = learned.transform(self._seen(df))
        if hasattr(made, "toarray"):
            made = made.toarray()
        if not isinstance(made, pd.DataFrame):
            made = pd.DataFrame(made, columns=self._names_of(learned, made.shape[1]), index=df.index)
        return pd.concat([df.drop(columns=list(self.columns)), made], axis="columns")

    def _seen(self, df: Any) -> Any:
        """Its columns as a table; a column of texts by itself, where those are asked for, as by a TfidfVectorizer."""
        from sklearn.utils import get_tags

        asked = get_tags(self.transformer).input_tags if hasattr(self.transformer, "__sklearn_tags__") else None
        texts = asked is not None and asked.string and not asked.two_d_array
        return df[self.columns[0]] if texts and len(self.columns) == 1 else df[list(self.columns)]

    def _names_of(self, learned: Any, width: int) -> list[str]:
        if hasattr(learned, "get_feature_names_out"):
            return [str(name) for name in learned.get_feature_names_out()]
        named = type(learned).__name__.lower()
        return (
            list(self.columns) if width == len(self.columns) else [f"{named}_{position}" for position in range(width)]
        )

    def _get_serializable_fields(self) -> dict[str, Any]:
        return {"transformer": self.transformer, "columns": self.columns}

    def _set_serializable_fields(self, fields: dict[str, Any], version: int) -> None:
        self.transformer, self.columns = fields["transformer"], fields["columns"]

    def __repr__(self) -> str:
        return f"SklearnTransformer({self.transformer!r}, columns={self.columns!r})"


BatchMapper.set_version(1)
SklearnTransformer.set_version(1)
