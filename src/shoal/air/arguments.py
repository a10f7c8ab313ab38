"""Arguments that can't be meant: told before anything is done with them."""

import os
from numbers import Integral, Real
from pathlib import Path
from typing import Any

from shoal.air.errors import SettingInvalid


def expect(name: str, value: Any, kinds: type | tuple[type, ...], *, next_step: str = "") -> None:
    """
    Raises:
        SettingInvalid: the value of this name is of none of these types.
    """
    if not isinstance(value, kinds):
        raise SettingInvalid(f"{name} is {_in_words(value)}", next_step=next_step)


def expect_count(name: str, value: Any, least: int = 1) -> None:
    """
    Raises:
        SettingInvalid: it is no whole number, or a smaller one.
    """
    if not isinstance(value, Integral) or isinstance(value, bool) or value < least:
        raise SettingInvalid(f"{name}={value!r} is no whole number above {least - 1}")


def expect_number(name: str, value: Any) -> None:
    """
    Raises:
        SettingInvalid: it is no number.
    """
    if not isinstance(value, Real) or isinstance(value, bool):
        raise SettingInvalid(f"{name}={value!r} is no number")


def expect_names(name: str, value: Any) -> None:
    """
    Raises:
        SettingInvalid: it is no list of names; one name alone isn't either.
    """
    if isinstance(value, str) or not hasattr(value, "__iter__"):
        step = (
            f"put it in a list: {name.rpartition(': ')[2]}=[{value!r}]"
            if isinstance(value, str)
            else "a list of names is asked for"
        )
        raise SettingInvalid(f"{name} is {_in_words(value)}", next_step=step)


def as_path(name: str, value: Any) -> Path:
    """
    Raises:
        SettingInvalid: it names no place on a disk.
    """
    expect(name, value, (str, os.PathLike), next_step="name a path")
    return Path(value)


def _in_words(value: Any) -> str:
    if value is None:
        return "None"
    if isinstance(value, type):
        return f"the class {value.__name__}, and no object of it"
    name = type(value).__name__
    return f"{'an' if name.startswith(('a', 'e', 'i', 'o', 'nd')) else 'a'} {name}"
