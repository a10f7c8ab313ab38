"""A policy of RLlib's as plain values: the weights of its network, and words that say how the network is made again."""

import dataclasses
import json
from functools import cached_property
from typing import Any

from shoal.air.errors import CheckpointInvalid, SettingInvalid

KEPT_SPACES = ("Box", "Discrete", "MultiDiscrete")


class Policy:
    """What has learned to act.

    kept: the algorithm's name, the settings of its network, the spaces of observations and actions, as JSON has them.
    weights: arrays by name.
    """

    def __init__(self, kept: dict[str, Any], weights: dict[str, Any]) -> None:
        self.kept, self.weights = kept, weights

    def __reduce__(self) -> tuple[Any, ...]:
        """Without the network, which is made again where it is needed."""
        return Policy, (self.kept, self.weights)

    @cached_property
    def module(self) -> Any:
        """The network, an RLModule."""
        from ray.rllib.core import DEFAULT_MODULE_ID

        from shoal.air.frameworks.rllib import default_config

        spaces = {DEFAULT_MODULE_ID: (self.observations, self._space("actions"))}
        spec = default_config(self.kept["algorithm"]).get_rl_module_spec(spaces=spaces, inference_only=True)
        spec.model_config = self.kept["model_config"]
        module = spec.build()
        try:
            module.set_state(self.weights)
        except (RuntimeError, ValueError) as error:
            said = str(error).splitlines()[-1].strip()
            raise CheckpointInvalid(f"its weights are of another network: {said}") from error
        return module

    def ready(self) -> "Policy":
        """The same, its network made.

        Raises:
            CheckpointInvalid: the weights are of another.
        """
        _ = self.module
        return self

    @cached_property
    def observations(self) -> Any:
        """The space of observations, of Gymnasium's."""
        return self._space("observations")

    def actions(self, observations: Any) -> Any:
        """The action that the policy takes for the best, for each of the observations: an array.

        observations: an array of them.

        Raises:
            SettingInvalid: they are of another shape than the environment's.
        """
        import numpy as np
        import torch

        given = np.asarray(observations, dtype="float32")
        shape, known = given.shape[1:], self.observations.shape
        if shape != known:
            raise SettingInvalid(
                f"an observation is of the shape {shape} here, and of {known} in the environment",
                next_step="hand in an array of observations: numpy.stack([observation])",
            )
        with torch.inference_mode():
            told = self.module.forward_inference({"obs": torch.from_numpy(given)})
            if "actions" not in told:
                kind = self.module.get_inference_action_dist_cls()
                told["actions"] = kind.from_logits(told["action_dist_inputs"]).to_deterministic().sample()
        return self._in_bounds(told["actions"].cpu().numpy())

    def _in_bounds(self, actions: Any) -> Any:
        """What the environment takes: RLlib has networks speak of bounds as -1 and 1."""
        from ray.rllib.utils.spaces.space_utils import clip_action, unsquash_action

        space = self._space("actions")
        if self.kept["actions"]["kind"] != "Box":
            return actions
        return (unsquash_action if self.kept["normalize_actions"] else clip_action)(actions, space)

    def _space(self, name: str) -> Any:
        from gymnasium import spaces

        from shoal.air.stored import decode

        told = dict(self.kept[name])
        kind = told.pop("kind")
        if kind not in KEPT_SPACES:
            raise CheckpointInvalid(f"its {name} are of the unknown kind {kind!r}")
        return getattr(spaces, kind)(**{key: decode(value, trust_code=False) for key, value in told.items()})


def kept_of(config: Any, algorithm: Any) -> dict[str, Any]:
    """What has to be known of an algorithm to make the network of its policy again.

    Raises:
        SettingInvalid: it can't be told in words: code of somebody's own shapes the network or what it is shown.
    """
    from ray.rllib.env import INPUT_ENV_SINGLE_SPACES

    if config.is_multi_agent:
        raise _not_kept("there are several agents")
    if config._env_to_module_connector is not None or config._module_to_env_connector is not None:
        raise _not_kept("there are connectors of your own")
    module = algorithm.get_module()
    if type(module) is not config.get_default_rl_module_spec().module_class:
        raise _not_kept(f"its network is a {type(module).__name__}, none of RLlib's own")
    network = module.model_config
    environment = algorithm.spaces[INPUT_ENV_SINGLE_SPACES][0]
    if environment != module.observation_space:
        raise _not_kept(f"observations of the kind {type(environment).__name__} don't reach the network as they are")
    network = dict(network) if isinstance(network, dict) else dataclasses.asdict(network)
    try:
        json.dumps(network)
    except TypeError as error:
        raise _not_kept(f"in model_config, {error}") from error
    return {
        "algorithm": config.algo_class.__name__,
        "model_config": network,
        "observations": _in_words(module.observation_space),
        "actions": _in_words(module.action_space),
        "normalize_actions": bool(config.normalize_actions),
    }


def _in_words(space: Any) -> dict[str, Any]:
    from shoal.air.stored import encode

    match type(space).__name__:
        case "Box":
            held = {"low": space.low, "high": space.high, "dtype": str(space.dtype)}
        case "Discrete":
            held = {"n": int(space.n), "start": int(space.start)}
        case "MultiDiscrete":
            held = {"nvec": space.nvec}
        case other:
            raise _not_kept(f"there is a space of the kind {other}")
    return {"kind": type(space).__name__} | {name: encode(value) for name, value in held.items()}


def _not_kept(why: str) -> SettingInvalid:
    return SettingInvalid(
        f"the policy could not be kept without pickle: {why}", next_step="train it by RLlib's own Algorithm"
    )
