"""The one contract of all trainers: preprocess once, train where `Scaling` says, give a `Result` with a checkpoint."""

import hashlib
import time
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, ClassVar

from shoal.air.arguments import expect
from shoal.air.checkpoint import Checkpoint
from shoal.air.cluster import least_memory
from shoal.air.dataset import Dataset, expect_dataset
from shoal.air.errors import ColumnUnfit, ColumnUnknown, DatasetEmpty, SettingInvalid
from shoal.air.execute import learn
from shoal.air.features import table_of
from shoal.air.frameworks.base import Framework, Learned, Table, params_of
from shoal.air.packages import require
from shoal.air.parameters import Parameters, name_of
from shoal.air.preprocess import fitted, transformed, unread, unread_text
from shoal.air.progress import say
from shoal.air.result import Result
from shoal.air.scaling import Scaling, expect_scaling
from shoal.air.schema import Schema
from shoal.air.stream import Stream

PARTS_OF_MEMORY = 4
"""Rows of files are held by the worker that learns where they take at most one of so many parts of a node's memory."""


class Trainer(Parameters):
    """Base of the trainers. One of them is a framework, and which of its arguments are the framework's settings.

    Its constructor stores each argument under its own name and does nothing else. It has at least ``datasets``,
    ``label_column``, ``preprocessor`` and ``scaling``.
    """

    framework: ClassVar[Framework]
    setting_names: ClassVar[tuple[str, ...]]
    label_column: str
    datasets: Mapping[str, Dataset]
    preprocessor: Any
    scaling: Scaling | None

    def settings(self) -> dict[str, Any]:
        """What the framework is told: those arguments that are its own."""
        return {name: getattr(self, name) for name in self.setting_names}

    def reader(self, settings: Mapping[str, Any]) -> Framework:
        """Who reads a model again that was trained with these settings, where a search goes on."""
        return self.framework

    def fit(self) -> Result:
        """Train.

        Raises:
            AirError: the data or a setting does not fit; it names column, row or setting. Nothing is left half-done.
        """
        started = time.monotonic()
        expect_scaling(self.scaling)
        scaling = self.scaling or Scaling()
        batches = scaling.workers == 1 and self.framework.takes_batches(self.settings())
        prepared = self._prepared(batches=True) if batches else self.prepare()
        learned = learn(self.framework, prepared.tables, self.settings(), scaling)
        result = prepared.result(learned, self.settings())
        say(f"trained in {time.monotonic() - started:.2f} s: {result.summary()}")
        return result

    def prepare(self) -> "Prepared":
        """The tables to learn from, and the preprocessor that made them, fitted on data set "train" alone."""
        return self._prepared(batches=False)

    def _prepared(self, *, batches: bool) -> "Prepared":
        """``batches``: rows of files may stay where they are until the worker reads them, as `Stream`."""
        require(self.framework.packages)
        params_of(self.settings())
        expect("label_column", self.label_column, str, next_step="name the column to predict")
        datasets = given = self._named_datasets()
        schema = Schema.of(datasets["train"], without=self.label_column)
        preprocessor = None
        if self.preprocessor is not None:
            preprocessor = fitted(self.preprocessor, datasets["train"])
        if aside := unread_text(preprocessor, datasets["train"], schema):
            say(f"left aside, as no preprocessor reads this text: {', '.join(aside)} (encode it to learn from it)")
            schema = schema.without(aside)
            datasets = {name: dataset.drop_columns(aside) for name, dataset in datasets.items()}
        tables = self._streams(datasets, preprocessor) if batches else None
        if not tables:
            if preprocessor is not None:
                typed = {
                    name: each if name == "train" else _typed(each, schema, name) for name, each in datasets.items()
                }
                datasets = {name: transformed(preprocessor, dataset) for name, dataset in typed.items()}
            tables = self._tables(datasets, given)
        lengths = tables["train"].lengths
        as_they_are = unread(preprocessor, [name for name in lengths if name in schema.kinds])
        schema = schema.with_lengths({name: lengths[name] for name in as_they_are})
        return Prepared(self.framework, self.label_column, schema, preprocessor, tables)

    def _tables(self, datasets: Mapping[str, Dataset], given: Mapping[str, Dataset]) -> dict[str, Any]:
        """A table a data set, all with the categories and the vectors of data set "train"."""
        train = self._table("train", datasets["train"], given["train"])
        learned = Schema.of_frame(train.features)

        def alike(name: str, dataset: Dataset) -> Table:
            table = self._table(name, dataset, given[name], lengths=train.lengths)
            return replace(table, features=learned.arranged(table.features, where=f"data set {name!r}"))

        return {name: train if name == "train" else alike(name, dataset) for name, dataset in datasets.items()}

    def _table(self, name: str, dataset: Dataset, given: Dataset, *, lengths: Mapping[str, int] | None = None) -> Table:
        return table_of(
            dataset.to_pandas(),
            self.label_column,
            name=name,
            numbers=self.framework.labels_are_numbers,
            given=_column(given, self.label_column),
            lengths=lengths,
        )

    def _streams(self, datasets: Mapping[str, Dataset], preprocessor: Any) -> dict[str, Any] | None:
        """Those of all data sets, or None where one of them can't be one."""
        files = {name: dataset.files for name, dataset in datasets.items() if dataset.files is not None}
        if len(files) < len(datasets):
            return None
        room = least_memory() // PARTS_OF_MEMORY
        made = {name: Stream.of(held, preprocessor, self.label_column, name, room) for name, held in files.items()}
        return None if None in made.values() else {name: stream for name, stream in made.items() if stream}

    def _named_datasets(self) -> dict[str, Dataset]:
        if not isinstance(self.datasets, Mapping) or "train" not in self.datasets:
            raise SettingInvalid("datasets has no 'train'", next_step="datasets={'train': ..., 'valid': ...}")
        for name, dataset in self.datasets.items():
            expect_dataset(f"datasets[{name!r}]", dataset)
            if dataset.is_small and dataset.count() == 0:
                raise DatasetEmpty("there is no row", where=f"data set {name!r}")
        columns = self.datasets["train"].columns if len(self.datasets) > 1 else []
        return {
            name: dataset if name == "train" else _alike(dataset, columns, name)
            for name, dataset in self.datasets.items()
        }


def _alike(dataset: Dataset, columns: list[str], name: str) -> Dataset:
    """A data set with the columns of data set "train", in their order: frameworks go by positions."""
    known = dataset.columns
    for column in columns:
        if column not in known:
            raise ColumnUnknown(column, known, where=f"data set {name!r}")
    return dataset if known == columns else dataset.select_columns(columns)


def _typed(dataset: Dataset, schema: Schema, name: str) -> Dataset:
    """A data set with columns of the types of data set "train", as those are that will be predicted for."""
    if not dataset.is_small:
        return dataset
    frame = dataset.to_pandas()
    try:
        arranged = schema.arranged(frame, whole=True)
    except ColumnUnfit as error:
        where = f"{error.where} of data set {name!r}"
        raise ColumnUnfit(error.what, where=where, next_step=error.next_step) from error
    return Dataset(frame=frame.assign(**{column: arranged[column] for column in schema.kinds}))


def _column(dataset: Dataset, name: str) -> Any:
    """A column as it is, where it is at hand."""
    if not dataset.is_small or name not in dataset.columns:
        return None
    return dataset.select_columns([name]).to_pandas()[name]


class Prepared:
    """What training starts from. A tuner makes it once for all its trials."""

    def __init__(
        self, framework: Framework, label_column: str, schema: Schema, preprocessor: Any, tables: Mapping[str, Any]
    ) -> None:
        self.framework = framework
        self.label_column = label_column
        self.schema = schema
        self.preprocessor = preprocessor
        self.tables = tables

    def print_of_data(self) -> dict[str, str]:
        """What tells the rows of each data set from any others: a hash."""
        import numpy as np
        import pandas as pd

        made = {}
        for name, table in self.tables.items():
            rows = pd.util.hash_pandas_object(table.features, index=False).to_numpy()
            labels = pd.util.hash_array(np.asarray(table.label))
            heads = "\n".join(map(str, table.features.columns)).encode()
            made[name] = hashlib.sha256(heads + rows.tobytes() + labels.tobytes()).hexdigest()
        return made

    def features(self) -> Schema:
        """The columns that the model sees."""
        train = self.tables["train"]
        return Schema.of_frame(train.features, train.lengths)

    def result(self, learned: Learned, settings: Mapping[str, Any]) -> Result:
        """What was learned, with all that a prediction needs."""
        checkpoint = Checkpoint(
            framework=self.framework,
            model=learned.model,
            preprocessor=self.preprocessor,
            schema=self.schema,
            features=self.features(),
            label_column=self.label_column,
            metrics=learned.metrics,
            settings={name: name_of(value) if callable(value) else value for name, value in settings.items()},
        )
        return Result(metrics=learned.metrics, curves=learned.curves, checkpoint=checkpoint)
