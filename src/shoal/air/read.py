"""Where data comes from. Small files are read in this process, large ones by Ray Data, by the same rules."""

import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from shoal.air.arguments import expect
from shoal.air.arrow import frame_of_arrow, with_numpy_types
from shoal.air.dataset import SMALL_BYTES, Dataset
from shoal.air.errors import DatasetEmpty, SettingInvalid
from shoal.air.files import ParquetFiles
from shoal.air.names import refuse_twins, with_text_names
from shoal.air.progress import say
from shoal.air.unreadable import naming_files, refuse_bytes, refuse_unknown_options

INDEX_OF_PANDAS = re.compile(r"__index_level_\d+__")
"""What pandas calls an index without a name where it keeps it among the columns."""
Paths = str | Path | Sequence[str | Path]


def read_csv(paths: Paths, **options: Any) -> Dataset:
    """The rows of CSV files, folders of them, or URLs that pyarrow knows (s3://, gs://).

    An empty field is a missing value, also among strings. With ``options``, ``ray.data.read_csv`` reads.
    """
    from pyarrow import csv

    rules = csv.ConvertOptions(strings_can_be_null=True)
    return _read(
        paths, "csv", lambda file: csv.read_csv(file, convert_options=rules), {"convert_options": rules}, options
    )


def read_parquet(paths: Paths, **options: Any) -> Dataset:
    """The rows of Parquet files. With ``options``, ``ray.data.read_parquet`` reads."""
    from pyarrow import parquet

    return _read(paths, "parquet", parquet.read_table, {}, options)


def read_json(paths: Paths, **options: Any) -> Dataset:
    """The rows of files with a JSON object a line. With ``options``, ``ray.data.read_json`` reads."""
    from pyarrow import json

    return _read(paths, "json", json.read_json, {}, options)


def from_pandas(frame: Any) -> Dataset:
    """The rows of a pandas DataFrame; its index is dropped, and names of its columns that are no text become text."""
    import pandas as pd

    expect("frame", frame, pd.DataFrame, next_step="air.from_pandas(pandas.DataFrame(...))")
    size = int(frame.memory_usage(deep=False).sum())
    return _small_or_not(with_numpy_types(with_text_names(frame.reset_index(drop=True), aloud=True)), size)


def from_arrow(table: Any) -> Dataset:
    """The rows of a pyarrow Table."""
    import pyarrow

    expect("table", table, pyarrow.Table, next_step="air.from_pandas takes a DataFrame")
    return _small_or_not(frame_of_arrow(table), table.nbytes)


def from_ray(dataset: Any) -> Dataset:
    """The rows of a ``ray.data.Dataset``; they stay with Ray Data."""
    import ray.data

    expect("dataset", dataset, ray.data.Dataset, next_step="air.from_pandas takes a DataFrame")
    return Dataset(distributed=dataset)


def from_sklearn(bunch: Any, label_column: str = "target") -> Dataset:
    """The rows of what scikit-learn's ``load_*`` functions give, with the label as a column."""
    import pandas as pd

    if not hasattr(bunch, "feature_names") or not hasattr(bunch, "target"):
        step = "as sklearn.datasets.load_iris() gives it; air.from_pandas takes a DataFrame"
        raise SettingInvalid(f"bunch is a {type(bunch).__name__} without feature_names and target", next_step=step)
    names = [str(name).replace(" ", "_") for name in bunch.feature_names]
    frame = pd.DataFrame(bunch.data).set_axis(names, axis="columns")
    if label_column in names:
        raise SettingInvalid(f"label_column={label_column!r} is the name of a feature")
    frame[label_column] = bunch.target.to_numpy() if hasattr(bunch.target, "to_numpy") else bunch.target
    return from_pandas(frame)


def _small_or_not(frame: Any, size: int) -> Dataset:
    refuse_twins(frame)
    if size <= SMALL_BYTES:
        return Dataset(frame=frame)
    say(f"{size / 1024**2:.0f} MiB are more than {SMALL_BYTES / 1024**2:.0f}: Ray Data holds them from here on")
    return Dataset(distributed=Dataset(frame=frame).to_ray())


def _read(paths: Paths, kind: str, read_file: Any, rules: dict[str, Any], options: dict[str, Any]) -> Dataset:
    """In this process when all files are here and small, by Ray Data otherwise."""
    several = [paths] if isinstance(paths, str | Path) else paths
    expect("paths", several, Sequence, next_step="name a file, a folder, a URL or a list of them")
    named = [str(path) for path in several]
    local = [Path(name) for name in named if "://" not in name]
    for path in local:
        if not path.exists():
            raise SettingInvalid(f"there is no file {str(path)!r}", next_step="paths start at the working folder")
    files = [file for path in local for file in (sorted(path.rglob(f"*.{kind}")) if path.is_dir() else [path])]
    size = sum(file.stat().st_size for file in files)
    if local and size == 0:
        raise DatasetEmpty("there is no data", where=", ".join(named))
    if options or len(local) < len(named) or size > SMALL_BYTES:
        as_they_lie = kind == "parquet" and len(local) == len(named) and not options
        return _as_files(files) if as_they_lie else _read_by_ray(named, kind, rules | options)
    import pyarrow

    with naming_files(kind, named):
        table = pyarrow.concat_tables([read_file(file) for file in files], promote_options="permissive")
    if kind == "csv":
        refuse_bytes(table, ", ".join(named))
    return from_arrow(table)


def _as_files(files: list[Path]) -> Dataset:
    """Files that every node sees are read by whoever needs their rows; others, as all, by Ray Data."""
    from shoal.air.cluster import connect, every_node_sees, is_client

    connect()
    paths = [str(file.absolute()) for file in files]
    if is_client() or not every_node_sees(paths):
        return _read_by_ray(paths, "parquet", {})
    return Dataset(files=ParquetFiles.of(paths))


def _read_by_ray(paths: list[str], kind: str, options: dict[str, Any]) -> Dataset:
    import ray.data

    from shoal.air.cluster import connect

    connect()
    found = _as_the_nodes_see([path if "://" in path else str(Path(path).absolute()) for path in paths])
    say(f"Ray Data reads {', '.join(paths)}")
    refuse_unknown_options(kind, options)
    with naming_files(kind, paths):
        read = Dataset(distributed=getattr(ray.data, f"read_{kind}")(found, **options))
    index = [name for name in read.columns if INDEX_OF_PANDAS.fullmatch(name)] if kind == "parquet" else []
    return read.drop_columns(index) if index else read


def _as_the_nodes_see(paths: list[str]) -> list[str]:
    """The paths by which the cluster finds the files: those of this node alone are read on this node."""
    from shoal.air.cluster import every_node_sees, is_client

    here = [path for path in paths if "://" not in path]
    if not here or every_node_sees(here):
        return paths
    if is_client():
        raise SettingInvalid(
            "this file is on this machine, and the cluster, which has to read it, doesn't see it",
            where=", ".join(here),
            next_step="name a URL or a folder that all its nodes see, or run the script there: shoal submit",
        )
    return [f"local://{path}" if path in here else path for path in paths]
