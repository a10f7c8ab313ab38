"""The manners of scikit-learn's estimators: a constructor only stores its arguments, which can be asked and set."""

import inspect
from typing import Any, Self

from shoal.air.errors import SettingInvalid


class Parameters:
    """Gives a class whose constructor stores each argument under its own name `get_params`, `set_params` and a repr.

    ``sklearn.base.clone`` understands it.
    """

    @classmethod
    def _names(cls) -> list[str]:
        arguments = list(inspect.signature(cls.__init__).parameters.values())[1:]
        return [argument.name for argument in arguments]

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """The arguments of the constructor as they are now; with ``deep`` also those of nested objects, as ``a__b``."""
        own = {name: getattr(self, name) for name in self._names()}
        if not deep:
            return own
        nested = {
            f"{name}__{key}": below
            for name, value in own.items()
            if hasattr(value, "get_params") and not isinstance(value, type)
            for key, below in value.get_params().items()
        }
        return own | nested

    def set_params(self, **params: Any) -> Self:
        """Set arguments of the constructor, those of nested objects as ``a__b=``.

        Raises:
            SettingInvalid: it has no such argument.
        """
        names = self._names()
        for name, value in params.items():
            own, _, below = name.partition("__")
            if own not in names:
                raise SettingInvalid(
                    f"{type(self).__name__} has no parameter {own!r}", next_step=f"it has {', '.join(names)}"
                )
            if below:
                getattr(self, own).set_params(**{below: value})
            else:
                setattr(self, own, value)
        return self

    def __repr__(self) -> str:
        defaults = inspect.signature(type(self).__init__).parameters
        shown = [
            f"{name}={getattr(self, name)!r}"
            for name in self._names()
            if not _same(getattr(self, name), defaults[name].default)
        ]
        return f"{type(self).__name__}({', '.join(shown)})"


def _same(value: Any, default: Any) -> bool:
    """Whether an argument was left at its default; never asks a table to compare itself."""
    return value is default or (isinstance(value, str | int | float | bool) and value == default)


def name_of(value: Any) -> str:
    """What stands for a value that JSON has no word for: a function's name, an estimator's repr."""
    return str(getattr(value, "__qualname__", None) or repr(value))
