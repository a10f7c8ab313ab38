"""Whether the packages that are installed are those that the toolkit is made for, as its own requirements say."""

import importlib.metadata
from collections.abc import Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import cache
from importlib import import_module
from threading import Thread

from shoal.air.errors import PackageMissing, PackageUnfit

EXTRAS = ("rllib", "air", "torch")
"""The last of them that asks for a package is the one to install."""


def require(names: Iterable[str]) -> None:
    """
    Raises:
        PackageMissing, PackageUnfit: one of them isn't installed, or in a version that this Shoal isn't made for.
    """
    for name in names:
        extra, wanted = _wanted().get(name, ("air", ""))
        install = f"pip install 'shoal[{extra}]'"
        try:
            here = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            raise PackageMissing(f"the package {name} isn't installed", next_step=install) from None
        if not _fits(here, wanted):
            raise PackageUnfit(f"{name} {here} is installed, and this Shoal needs {name}{wanted}", next_step=install)


@contextmanager
def importing(modules: Iterable[str]) -> Iterator[None]:
    """Import modules beside what the block does, which waits or reads: a second or two that nobody has to wait for."""
    beside = Thread(target=_import_all, args=(modules,), daemon=True)
    beside.start()
    yield
    beside.join()


def _import_all(modules: Iterable[str]) -> None:
    with suppress(ImportError):  # whoever needs it says so
        for module in modules:
            import_module(module)


@cache
def _fits(version: str, wanted: str) -> bool:
    from packaging.specifiers import SpecifierSet

    return SpecifierSet(wanted).contains(version, prereleases=True)


@cache
def _wanted() -> dict[str, tuple[str, str]]:
    """What our extras ask for: a package's name to the extra and its versions, as ("air", ">=3.0")."""
    from packaging.requirements import Requirement

    asked = [Requirement(line) for line in importlib.metadata.requires("shoal") or ()]
    return {
        each.name: (extra, str(each.specifier))
        for extra in EXTRAS
        for each in asked
        if each.marker and each.marker.evaluate({"extra": extra})
    }
