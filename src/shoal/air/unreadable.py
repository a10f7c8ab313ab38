"""Why files, URLs and options can't be read: said before or after whoever reads them has failed."""

import inspect
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from shoal.air.errors import SettingInvalid

KNOCK_S = 10.0
OF_ARROW = {"csv": ("read_options", "parse_options", "convert_options"), "json": ("read_options", "parse_options")}
"""What Ray Data hands on to pyarrow; of Parquet it hands on whatever there is."""
OF_PANDAS = {"sep": "parse", "delimiter": "parse", "encoding": "read", "skiprows": "read", "na_values": "convert"}
"""Options of ``pandas.read_csv``, and in which of pyarrow's the same can be said."""
LATIN = "for Latin-1: read_options=pyarrow.csv.ReadOptions(encoding='latin-1')"


def refuse_unknown_options(kind: str, options: Mapping[str, Any]) -> None:
    """
    Raises:
        SettingInvalid: Ray Data would fail at this option, once it reads.
    """
    import ray.data

    if kind not in OF_ARROW or not options:
        return
    own = inspect.signature(getattr(ray.data, f"read_{kind}")).parameters.values()
    known = [each.name for each in own if each.kind is each.KEYWORD_ONLY] + list(OF_ARROW[kind])
    for name in options:
        if name not in known:
            step = f"take those of ray.data.read_{kind}, {', '.join(OF_ARROW[kind])}"
            if kind == "csv" and name in OF_PANDAS:
                within = OF_PANDAS[name]
                step = f"say it as {within}_options=pyarrow.csv.{within.capitalize()}Options(...)"
            raise SettingInvalid(f"read_{kind} has no option {name!r}", next_step=step)


def refuse_bytes(table: Any, where: str) -> None:
    """
    Raises:
        SettingInvalid: text of a CSV file isn't in UTF-8, so that pyarrow leaves it as bytes.
    """
    from pyarrow import types

    for field in table.schema:
        if types.is_binary(field.type) or types.is_large_binary(field.type):
            row, value = _first_broken(table.column(field.name).to_pylist())
            raise SettingInvalid(
                f"it holds {value!r} in row {row}, which is no UTF-8",
                where=f"column {field.name!r} of {where}",
                next_step=LATIN,
            )


def _first_broken(values: Iterable[bytes | None]) -> tuple[int, bytes]:
    for row, value in enumerate(values):
        if value is not None and "\ufffd" in value.decode(errors="replace"):
            return row, value
    return 0, b""


@contextmanager
def naming_files(kind: str, paths: Sequence[str]) -> Iterator[None]:
    """Turn what pyarrow and Ray Data raise into what is wrong with a file, a URL or an option.

    Raises:
        SettingInvalid: something is.
    """
    from pyarrow import ArrowException

    where = ", ".join(paths)
    try:
        yield
    except SettingInvalid:
        raise
    except UnicodeDecodeError as error:
        raise SettingInvalid(f"this is no UTF-8: {error}", where=where, next_step=LATIN) from error
    except OSError as error:
        said = next(filter(None, map(_why, paths)), "") or str(error).partition("Details:")[0].strip().rstrip(".;")
        raise SettingInvalid(f"it can't be read: {said}", where=where) from error
    except (ArrowException, ValueError, TypeError, ImportError) as error:
        raise SettingInvalid(f"this is no {kind}: {error}", where=where) from error


def _why(path: str) -> str:
    """What a server says of a URL that could not be read, or the network; "" of anything else."""
    if not path.startswith(("http://", "https://")):
        return ""
    try:
        urlopen(Request(path, method="HEAD"), timeout=KNOCK_S).close()  # noqa: S310 - the caller's
    except HTTPError as error:
        return f"the server answers {error.code} {error.reason}"
    except OSError as error:
        reason = getattr(error, "reason", error)
        return str(getattr(reason, "strerror", None) or reason)
    return ""
