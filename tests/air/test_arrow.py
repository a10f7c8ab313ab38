"""Columns of Arrow's types become NumPy's, and nothing else changes."""

import numpy as np
import pandas as pd
import pyarrow
import pytest

from shoal.air.arrow import with_numpy_types

pytestmark = pytest.mark.air


def test_a_frame_of_arrow_is_the_table_that_pandas_would_have_read() -> None:
    table = pyarrow.table(
        {
            "number": pyarrow.array([1.5, None], pyarrow.float32()),
            "whole": pyarrow.array([1, None]),
            "word": ["a", None],
            "time": pyarrow.array([0, 1], pyarrow.timestamp("us")),
        }
    )
    ours = with_numpy_types(table.to_pandas(types_mapper=pd.ArrowDtype))
    pd.testing.assert_frame_equal(ours, table.to_pandas())


def test_other_columns_the_order_and_the_index_stay() -> None:
    frame = pd.DataFrame({"a": [1, 2], "vector": [np.zeros(2), np.ones(2)], "b": ["x", "y"]}, index=[5, 3])
    mixed = frame.astype({"a": pd.ArrowDtype(pyarrow.int64())})
    pd.testing.assert_frame_equal(with_numpy_types(mixed), frame)
    assert with_numpy_types(frame) is frame
