"""Ray's SimpleImputer, for columns of pandas' categories too."""

from typing import Any

from ray.data.preprocessors import SimpleImputer as RaySimpleImputer


class SimpleImputer(RaySimpleImputer):  # type: ignore[misc]
    """Fills gaps by the mean, the most frequent value or a constant. Ray's own, with its arguments.

    Columns of categories stay such, in their order; Ray's refuses to fill them with a category that they have.
    """

    def _transform_pandas(self, df: Any) -> Any:
        import pandas as pd

        held = {name: df[name] for name in self.columns if isinstance(df.dtypes.get(name), pd.CategoricalDtype)}
        made = super()._transform_pandas(df.assign(**{name: column.astype(object) for name, column in held.items()}))
        for name, output in zip(self.columns, self.output_columns, strict=True):
            if name in held:
                value, column = self._get_fill_value(name), held[name]
                known = column if value in column.cat.categories else column.cat.add_categories([value])
                made[output] = made[output].astype(known.dtype)
                if output != name:
                    made[name] = column
        return made
