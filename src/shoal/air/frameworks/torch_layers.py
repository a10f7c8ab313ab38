"""Modules of PyTorch's own layers as JSON and back. Reading calls nothing but constructors of ``torch.nn``."""

import inspect
from typing import Any, TypeAlias

from shoal.air.errors import CheckpointInvalid

Layers: TypeAlias = list[Any]
"""A layer: its name in ``torch.nn`` and the arguments of its constructor; of a Sequential, pairs of name and layer."""
PLACES = ("device", "dtype")
"""Arguments that say where and how a layer is stored, which loading decides."""


def described(module: Any) -> Layers | None:
    """The layers of a module. None: it isn't made of PyTorch's own in a Sequential, so that its code is needed, too."""
    import torch

    layers = _described(module)
    if layers is None:
        return None
    with torch.device("meta"):
        again = built(layers)
    shapes = [{name: value.shape for name, value in one.state_dict().items()} for one in (again, module)]
    return layers if repr(again) == repr(module) and shapes[0] == shapes[1] else None


def built(layers: Layers) -> Any:
    """A module of these layers, its weights not yet set.

    Raises:
        CheckpointInvalid: it names something that is no layer of PyTorch's.
    """
    import torch

    name, arguments = layers
    kind = getattr(torch.nn, name, None) if isinstance(name, str) else None
    if not (inspect.isclass(kind) and issubclass(kind, torch.nn.Module)):
        raise CheckpointInvalid(f"its model has a layer {name!r}, which is none of PyTorch's")
    if kind is torch.nn.Sequential:
        made: Any = torch.nn.Sequential()
        for own, inner in arguments:
            made.add_module(own, built(inner))
        return made
    return kind(**{own: tuple(value) if isinstance(value, list) else value for own, value in arguments.items()})


def _described(module: Any) -> Layers | None:
    import torch

    name = type(module).__name__
    if getattr(torch.nn, name, None) is not type(module) or module._forward_hooks or module._forward_pre_hooks:
        return None
    if type(module) is torch.nn.Sequential:
        inner = [[own, _described(child)] for own, child in module.named_children()]
        return None if any(layer is None for _, layer in inner) else [name, inner]
    return None if list(module.children()) else _with_arguments(name, module)


def _with_arguments(name: str, module: Any) -> Layers | None:
    """A layer keeps its arguments as attributes of the same name, but for a bias that it has: that is a tensor."""
    import torch

    arguments = {}
    for parameter in inspect.signature(type(module)).parameters.values():
        if parameter.name in PLACES or not hasattr(module, parameter.name):
            continue
        value = getattr(module, parameter.name)
        if parameter.name == "bias":
            value = isinstance(value, torch.Tensor)
        if isinstance(value, tuple):
            value = list(value)
        if not _is_plain(value):
            return None
        arguments[parameter.name] = value
    return [name, arguments]


def _is_plain(value: Any) -> bool:
    if isinstance(value, list):
        return all(isinstance(item, int | float) for item in value)
    return value is None or isinstance(value, bool | int | float | str)
