"""The exceptions of `shoal.air`, as a tree. Each names the column, row or setting, and the next step.

- AirError
  - ColumnUnknown: a column that is needed isn't there
  - ColumnUnfit: a column is there, and its values can't be used for this
  - DatasetEmpty: no row to learn from or to predict for
  - SettingInvalid: an argument makes no sense
  - NotPython: a script that is to be migrated can't be read as one
  - PackageMissing: a package of the extra `air` isn't installed
  - PackageUnfit: a package is installed in a version that this Shoal isn't made for
  - ClusterUnfit: the Ray that is to be used doesn't answer, or is another Ray
  - CheckpointInvalid: a folder holds no checkpoint, a damaged one, or one that this version can't read
    - CodeNotTrusted: it holds code, which is only loaded when asked for
  - TrainingFailed: training was begun and did not end well
  - DeployFailed: a model is not served though it was asked for
  - PredictionsDiffer: two places predict differently for the same row
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from difflib import get_close_matches
from typing import ClassVar


class AirError(Exception):
    """Base of every error that the toolkit raises on purpose.

    what: one sentence, no full stop: what is wrong, naming the value.
    where: a file, a column or a data set, or "".
    next_step: what to do now, imperative, or "".
    """

    code: ClassVar[str] = ""
    exit_code: ClassVar[int] = 2

    def __init__(self, what: str, *, where: str = "", next_step: str = "") -> None:
        super().__init__(what)
        self.what = what
        self.where = where
        self.next_step = next_step

    def __str__(self) -> str:
        place = f"{self.where}: " if self.where else ""
        step = f" ({self.next_step})" if self.next_step else ""
        return f"{place}{self.what}{step}"

    def __reduce__(self) -> tuple[object, ...]:
        """Keep the words when it travels out of a worker."""
        return _again, (type(self), self.what, self.where, self.next_step)


def _again(kind: type[AirError], what: str, where: str, next_step: str) -> AirError:
    error = kind.__new__(kind)
    AirError.__init__(error, what, where=where, next_step=next_step)
    return error


class ColumnUnknown(AirError):
    """A column that is asked for isn't in the data."""

    code = "A101"

    def __init__(self, column: str, known: Iterable[str], *, where: str = "") -> None:
        columns = [str(name) for name in known]
        near = get_close_matches(str(column), columns, n=1)
        hint = f"did you mean {near[0]!r}?" if near else f"the columns are {', '.join(columns)}"
        super().__init__(f"there is no column {column!r}", where=where, next_step=hint)


class ColumnUnfit(AirError, ValueError):
    """A column holds values that can't be used for what they are meant for: text, nothing at all, infinities."""

    code = "A102"


class DatasetEmpty(AirError):
    """There is no row to learn from or to predict for."""

    code = "A103"


class SettingInvalid(AirError):
    """An argument makes no sense, alone or beside the others. Nothing was started."""

    code = "A104"


class PackageMissing(AirError):
    """A package that this needs isn't installed."""

    code = "A105"


class PackageUnfit(AirError):
    """A package is installed in a version that this Shoal isn't made for. Nothing was started."""

    code = "A106"


class ClusterUnfit(AirError):
    """The Ray that is to be used doesn't answer, refuses this process, has no room, or is of another version than here.

    Which one that is, RAY_ADDRESS says; without it, a Ray is started here.
    """

    code = "A107"
    exit_code = 1


class NotPython(AirError):
    """The file is no Python script, so that nothing can be said of it. It was not touched.

    A notebook is turned into a script by `jupyter nbconvert --to script`; Python 2 has to become Python 3 first.
    """

    code = "A110"


class CheckpointInvalid(AirError):
    """A folder holds no checkpoint, a damaged one, or one that this version can't read. Nothing of it was used."""

    code = "A201"

    @classmethod
    def told_of(cls, error: AirError, *, where: str) -> AirError:
        """The same error, with the place."""
        return _again(type(error), error.what, error.where or where, error.next_step)


class CodeNotTrusted(CheckpointInvalid):
    """A checkpoint holds functions or types whose loading runs code. Load it so only if you know who made it."""

    code = "A202"

    def __init__(self, names: str) -> None:
        super().__init__(
            f"it holds code, which would run here: {names}",
            next_step="if you know who made it: air.load(path, trust_code=True)",
        )


class TrainingFailed(AirError):
    """Training was begun and ended without a model. What the framework said follows."""

    code = "A301"
    exit_code = 1


class DeployFailed(AirError):
    """A model was handed to Ray Serve and does not answer. What is served under other names goes on."""

    code = "A302"


class PredictionsDiffer(AirError):
    """Two places predict differently for the same row, which must never be."""

    code = "A303"


@contextmanager
def importing(name: str, install: str = "'shoal[air]'") -> Iterator[None]:
    """Say what is to be installed when a package for ``name`` is missing.

    Raises:
        PackageMissing: it is.
    """
    try:
        yield
    except ModuleNotFoundError as error:
        if not error.name or error.name.startswith("shoal"):
            raise
        raise PackageMissing(f"{name} needs the package {error.name}", next_step=f"pip install {install}") from error
