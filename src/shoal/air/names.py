"""Names of columns: text everywhere, as JSON, Ray Data, XGBoost and scikit-learn have them."""

import re
from collections.abc import Sequence
from typing import Any

from shoal.air.errors import ColumnUnfit
from shoal.air.kinds import plain
from shoal.air.progress import say

SHOWN = 3


def with_text_names(frame: Any, *, aloud: bool = False) -> Any:
    """The frame, its columns called by text: 0 becomes "0". Itself where they are so already, or where it is
    no table, as counts that a preprocessor asked for.

    aloud: say so.
    """
    other = [name for name in getattr(frame, "columns", ()) if not isinstance(name, str)]
    if not other:
        return frame
    if aloud:
        shown = ", ".join(f"{name!r} is {str(name)!r}" for name in map(plain, other[:SHOWN]))
        say(f"names of columns are text from here on: {shown}{' and so on' if len(other) > SHOWN else ''}")
    return frame.set_axis([str(name) for name in frame.columns], axis="columns")


def refuse_twins(frame: Any) -> None:
    """
    Raises:
        ColumnUnfit: two columns have one name.
    """
    if not frame.columns.is_unique:
        twice = frame.columns[frame.columns.duplicated()][0]
        raise ColumnUnfit(f"two columns are called {twice!r}", next_step="rename one of them, or leave it out")


def without_signs(names: Sequence[str], refused: str) -> list[str]:
    """The names, all of them others, with ``_`` for each sign that a library refuses."""
    taken = {name for name in names if not re.search(refused, name)}
    safe = []
    for name in names:
        own = re.sub(refused, "_", name)
        while own != name and own in taken:
            own += "_"
        taken.add(own)
        safe.append(own)
    return safe
