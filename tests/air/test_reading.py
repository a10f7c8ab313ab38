"""Rows come into a data set as they are where they came from."""

from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("sklearn", reason="sklearn is not installed (pip install 'shoal[air]')")

from sklearn.datasets import load_iris

from shoal import air

pytestmark = pytest.mark.air


@pytest.mark.parametrize("as_frame", [True, False])
def test_a_bunch_of_scikit_learns_keeps_its_numbers_under_its_names(as_frame: bool) -> None:
    bunch: Any = load_iris(as_frame=as_frame)
    rows = air.from_sklearn(bunch, label_column="species").to_pandas()
    assert list(rows.columns) == [*(name.replace(" ", "_") for name in bunch.feature_names), "species"]
    assert (rows.drop(columns=["species"]).to_numpy() == load_iris().data).all()
    assert (rows["species"].to_numpy() == load_iris().target).all()


def test_a_small_table_is_not_grouped_by_a_key_and_says_who_does_it() -> None:
    import pandas as pd

    with pytest.raises(air.SettingInvalid, match=r"groupby\('a'\): rows of this process .*dataset\.to_ray\(\)"):
        air.from_pandas(pd.DataFrame({"a": [1, 2]})).groupby("a")


@pytest.mark.parametrize("name", [None, "ticket"])
def test_an_index_of_pandas_is_no_column(name: str | None, tmp_path: Path) -> None:
    import pandas as pd

    from shoal.air.files import ParquetFiles

    frame = pd.DataFrame({"a": [1, 2, 3], "b": ["x", "y", "z"]}, index=pd.Index([5, 3, 9], name=name))
    frame.to_parquet(tmp_path / "rows.parquet")
    assert air.read_parquet(tmp_path / "rows.parquet").columns == ["a", "b"]
    large = ParquetFiles.of([str(tmp_path / "rows.parquet")])
    assert [list(batch.columns) for batch in large.batches()] == [["a", "b"]]


@pytest.mark.ray
@pytest.mark.usefixtures("ray_here")
def test_nor_is_it_one_where_ray_data_reads(tmp_path: Path) -> None:
    import pandas as pd

    pd.DataFrame({"a": [1, 2, 3]}, index=[5, 3, 9]).to_parquet(tmp_path / "rows.parquet")
    assert air.read_parquet(tmp_path / "rows.parquet", override_num_blocks=1).columns == ["a"]
