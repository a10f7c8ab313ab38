"""Fit a preprocessor and apply it: once, here while the data is small, by Ray Data when it is not."""

import copy
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

from shoal.air.arguments import expect_names
from shoal.air.cluster import on_cluster
from shoal.air.dataset import Dataset
from shoal.air.errors import AirError, ColumnUnfit, ColumnUnknown, PackageMissing, SettingInvalid
from shoal.air.features import refuse_hollow
from shoal.air.in_process import Blocks, OneBlock
from shoal.air.kinds import TEXT
from shoal.air.progress import say
from shoal.air.schema import Schema

FAULTS = (ValueError, TypeError, LookupError, AttributeError, ArithmeticError)
"""What preprocessors raise, and functions of yours."""


def fitted(preprocessor: Any, dataset: Dataset) -> Any:
    """A copy of ``preprocessor`` that has learned from ``dataset`` what it had not learned before.

    Members of a chain that are fitted stay as they are: nothing is fitted twice.

    Raises:
        ColumnUnknown, ColumnUnfit: a column that it needs isn't there, or can't be learned from.
    """
    learner = copy.deepcopy(preprocessor)
    steps = list(_steps(learner))
    for step in steps:
        if not hasattr(step, "fit_status") or isinstance(step, type):
            raise SettingInvalid(
                f"preprocessor: {step!r} is none",
                next_step="take one of air's; air.SklearnTransformer for one of scikit-learn's",
            )
    if all(_is_ready(step) for step in steps):
        return learner
    names = ", ".join(type(step).__name__ for step in steps)
    here = dataset.is_small or dataset.files is not None
    say(f"preprocessing {'in this process' if here else 'by Ray Data'}: {names}")
    rows = dataset
    for position, step in enumerate(steps):
        _require_columns(step, rows)
        if not _is_ready(step):
            with _naming(step), warnings.catch_warnings():
                warnings.simplefilter("ignore")  # Ray warns of what the chain's members know already
                _fit(step, rows)
        if position < len(steps) - 1:
            rows = transformed(step, rows)
    return learner


def _fit(step: Any, rows: Dataset) -> None:
    if rows.is_small:
        frame = rows.to_pandas()
        refuse_hollow(frame, step.get_input_columns())
        step.fit(OneBlock(frame))
    elif rows.files is not None:
        step.fit(Blocks(rows.files.batches))
    else:
        vars(step).update(vars(on_cluster(step.fit, rows.to_ray())))  # fitted on the cluster, it is a copy


def transformed(preprocessor: Any, dataset: Dataset) -> Dataset:
    """What a fitted preprocessor makes of ``dataset``; lazily, when Ray Data holds it."""
    if dataset.is_small:
        return Dataset(frame=transformed_frame(preprocessor, dataset.to_pandas()))
    return Dataset(distributed=preprocessor.transform(dataset.to_ray()))


def transformed_frame(preprocessor: Any, frame: Any, *, label_column: str = "") -> Any:
    """What a fitted preprocessor makes of a pandas DataFrame, which may be changed: hand in a copy.

    Training, batch prediction and serving all come through here. Steps for the label are left out where there is none.
    """
    for step in _steps(preprocessor):
        if label_column in step.get_input_columns() and label_column not in frame.columns:
            continue
        _require_columns(step, Dataset(frame=frame))
        with _naming(step):
            frame = step.transform_batch(frame)
    return frame


def unread_text(preprocessor: Any, dataset: Dataset, schema: Schema) -> list[str]:
    """Columns of text that no preprocessor reads. As they are, nothing can be learned from them.

    Not those with a number among their words, which are to be mended rather than left aside. None at all where a
    function of yours reads what it likes, or where nothing else would be left.
    """
    import pandas as pd

    texts = [name for name, kind in schema.kinds.items() if kind == TEXT]
    names = unread(preprocessor, texts)
    if not names or len(names) == len(schema.kinds):
        return []
    frame = (dataset if dataset.is_small else dataset.head(1000)).select_columns(names).to_pandas()
    return [name for name in names if pd.to_numeric(frame[name], errors="coerce").isna().all()]


def unread(preprocessor: Any, columns: Iterable[str]) -> list[str]:
    """Those of the columns that no preprocessor reads: none where a function of yours reads what it likes."""
    read = [step.get_input_columns() for step in _steps(preprocessor)] if preprocessor is not None else []
    return [name for name in columns if not any(name in each for each in read)] if all(read) else []


def _steps(preprocessor: Any) -> Iterator[Any]:
    """A chain's members, and theirs; anything else is a step itself."""
    from ray.data.preprocessors import Chain

    if not isinstance(preprocessor, Chain):
        yield preprocessor
        return
    for member in preprocessor.preprocessors:
        yield from _steps(member)


def _is_ready(step: Any) -> bool:
    return step.fit_status().value in ("FITTED", "NOT_FITTABLE")


def _require_columns(step: Any, dataset: Dataset) -> None:
    known = dataset.columns
    expect_names(f"{type(step).__name__}: columns", step.get_input_columns())
    for column in step.get_input_columns():
        if column not in known:
            raise ColumnUnknown(column, known, where=type(step).__name__)


@contextmanager
def _naming(step: Any) -> Iterator[None]:
    """Turn what Ray raises, which names neither step nor column, into an error that does."""
    from pyarrow import ArrowException

    try:
        yield
    except AirError:
        raise
    except ImportError as error:
        raise PackageMissing(str(error), where=type(step).__name__, next_step="pip install 'shoal[air]'") from error
    except (*FAULTS, ArrowException) as error:
        columns = ", ".join(map(repr, step.get_input_columns()))
        name = type(step).__name__
        said = f"there is no {error}" if isinstance(error, KeyError) else str(error).rstrip(".")
        if "no kernel matching" in said:
            said = f"it can't compute with what is in there: {said}"
        raise ColumnUnfit(said, where=f"{name} of {columns}" if columns else name) from error
