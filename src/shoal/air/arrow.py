"""Frames of Ray Data, whose columns are of Arrow's types, as pandas has frames everywhere else."""

from typing import Any


def with_numpy_types(frame: Any) -> Any:
    """The frame with columns of NumPy's types in place of Arrow's; itself where there is none.

    Models predict in half the time with those, and preprocessors see what they see of tables that Ray Data never had.
    """
    import pandas as pd
    import pyarrow

    arrow = [name for name, type_ in frame.dtypes.items() if isinstance(type_, pd.ArrowDtype)]
    if not arrow:
        return frame
    table = pyarrow.Table.from_pandas(frame[arrow], preserve_index=False)
    plain = table.to_pandas(ignore_metadata=True).set_index(frame.index)
    others = frame.drop(columns=arrow)
    return pd.concat([plain, others], axis="columns")[list(frame.columns)] if len(others.columns) else plain
