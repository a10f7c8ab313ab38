"""Rows of JSON become the table that training saw, the short way of numbers alone as the long one."""

from typing import Any

import numpy as np
import pandas as pd
import pytest

from shoal.air.errors import ColumnUnfit, ColumnUnknown
from shoal.air.schema import Schema

pytestmark = [pytest.mark.air]

NUMBERS = Schema({"a": "number", "b": "number"})
MIXED = Schema({"a": "number", "b": "text"})


@pytest.mark.parametrize(
    ("rows", "values"),
    [
        ([{"a": 1, "b": 2.5}], [[1.0, 2.5]]),
        ([{"b": 2, "a": 1}, {"a": None, "b": True, "c": "aside"}], [[1.0, 2.0], [np.nan, 1.0]]),
    ],
)
def test_rows_of_numbers_are_read_at_once(rows: list[object], values: list[list[float]]) -> None:
    frame = NUMBERS.arranged(NUMBERS.frame_of(rows))
    pd.testing.assert_frame_equal(frame, pd.DataFrame(values, columns=["a", "b"]))


def test_words_that_look_like_numbers_are_words() -> None:
    with pytest.raises(ColumnUnfit, match=r"it holds text \('2' in row 0\), and held number"):
        NUMBERS.arranged(NUMBERS.frame_of([{"a": 1, "b": "2"}]))


def test_a_field_that_is_not_there_is_named() -> None:
    with pytest.raises(ColumnUnknown, match="'b'"):
        NUMBERS.arranged(NUMBERS.frame_of([{"a": 1}]))


def test_other_rows_are_read_column_by_column() -> None:
    frame = MIXED.arranged(MIXED.frame_of([{"b": "x", "a": None}, {"b": None, "a": 2}]))
    assert frame["a"].tolist()[1] == 2.0
    assert list(frame.columns) == ["a", "b"]


def test_a_table_that_is_right_already_is_not_copied() -> None:
    frame = pd.DataFrame({"a": [1.0], "b": [2.0]})
    assert NUMBERS.arranged(frame) is frame


def test_times_are_read_from_words_and_what_is_none_is_named() -> None:
    schema = Schema({"when": "time", "b": "number"})
    frame = schema.arranged(schema.frame_of([{"when": "2026-01-31T12:00:00", "b": 1}, {"when": None, "b": 2}]))
    assert frame["when"].dt.month.tolist()[0] == 1
    assert frame["when"].isna().tolist() == [False, True]
    with pytest.raises(ColumnUnfit, match=r"column 'when': it holds 'soon' in row 1, which is no time"):
        schema.frame_of([{"when": "2026-01-31", "b": 1}, {"when": "soon", "b": 2}])


def test_a_number_larger_than_any_float_is_named() -> None:
    with pytest.raises(ColumnUnfit, match="column 'b': it holds a number that is too large"):
        NUMBERS.arranged(NUMBERS.frame_of([{"a": 1, "b": 10**400}]))


@pytest.mark.parametrize(
    ("values", "holds"),
    [([1, 2.0], "uint8"), ([1, 2.5], "float64"), ([1, None], "float64"), ([1, 300], "int64"), ([-1, 2], "int64")],
)
@pytest.mark.parametrize("beside", ["number", "text"])
def test_whole_numbers_are_what_they_were_in_training(values: list[Any], holds: str, beside: str) -> None:
    schema = Schema({"a": "number", "b": beside}, {"a": "uint8"})
    word = {"number": 1, "text": "x"}[beside]
    frame = schema.frame_of([{"a": value, "b": word} for value in values])
    assert str(frame["a"].dtype) == (holds if beside == "text" or holds == "uint8" else "float64")
    assert frame["a"].tolist()[0] == values[0]


def test_whole_numbers_keep_all_their_digits() -> None:
    schema = Schema({"a": "number"}, {"a": "int64"})
    assert schema.frame_of([{"a": 2**53 + 1}])["a"].tolist() == [2**53 + 1]
    assert schema.frame_of([{"a": 1}], whole=False)["a"].dtype == float


DECKS = pd.CategoricalDtype(["upper", "lower"])


@pytest.mark.parametrize(
    "given",
    [
        ["lower", None, "upper"],
        pd.Categorical(["lower", None, "upper"], categories=["lower", "upper"]),
        pd.Categorical(["lower", "cellar", "upper"], categories=["cellar", "lower", "upper"]),
        ["lower", "cellar", "upper"],
    ],
)
def test_categories_have_their_order_of_training(given: Any) -> None:
    schema = Schema({"deck": "category"}, {"deck": DECKS})
    assert schema.arranged(pd.DataFrame({"deck": given}))["deck"].cat.codes.tolist() == [1, -1, 0]


@pytest.mark.parametrize("categories", [[10, 30], [True, False], [0.5, 1.5]])
def test_categories_of_numbers_are_those_of_json(categories: list[Any]) -> None:
    schema = Schema({"deck": "category"}, {"deck": pd.CategoricalDtype(categories)})
    rows = [{"deck": value} for value in (categories[1], None, categories[0])]
    assert schema.arranged(schema.frame_of(rows))["deck"].cat.codes.tolist() == [1, -1, 0]


def test_what_is_no_category_is_named() -> None:
    schema = Schema({"deck": "category"}, {"deck": DECKS})
    with pytest.raises(ColumnUnfit, match=r"column 'deck': it holds number \(3 in row 0\), and held text in training"):
        schema.arranged(pd.DataFrame({"deck": [3]}))


def test_categories_stand_for_their_values_where_training_had_these() -> None:
    frame = pd.DataFrame({"a": pd.Categorical([2, None]), "b": pd.Categorical(["x", "y"])})
    arranged = MIXED.arranged(frame)
    assert arranged["a"].tolist()[0] == 2.0
    assert arranged["b"].tolist() == ["x", "y"]


def test_columns_that_are_called_by_numbers_are_found_by_text() -> None:
    schema = Schema({"0": "number", "1": "number"})
    assert list(schema.arranged(pd.DataFrame([[1.0, 2.0]]))) == ["0", "1"]
    with pytest.raises(ColumnUnfit, match="two columns are called '0'"):
        schema.arranged(pd.DataFrame([[1.0, 2.0]], columns=[0, "0"]))


def test_a_column_that_is_there_twice_is_named() -> None:
    frame = pd.DataFrame([[1.0, 2.0, 3.0]], columns=["a", "b", "a"])
    with pytest.raises(ColumnUnfit, match="two columns are called 'a'"):
        NUMBERS.arranged(frame)
