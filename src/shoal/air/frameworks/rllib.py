"""RLlib: an algorithm learns from an environment, and gives a policy that acts."""

import inspect
import json
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from shoal.air.errors import SettingInvalid
from shoal.air.frameworks.base import Framework, Learned, Table, Watch
from shoal.air.frameworks.rllib_policy import Policy, kept_of

WEIGHTS_FILE = "policy.safetensors"
POLICY_FILE = "policy.json"
OWN = {"num_env_runners": 0, "num_cpus_per_env_runner": 0}
"""Where nothing else is said: one process does it all, and what it starts shares the CPUs of its task."""

RENAMED = {
    "num_workers": "num_env_runners",
    "num_rollout_workers": "num_env_runners",
    "num_gpus": "num_gpus_per_learner",
}
"""Settings that scripts for AIR 2.2 have, and RLlib's names for them today."""


class RLlib(Framework):
    """Settings: ``algorithm``, its name, ``config``, its settings that aren't RLlib's own, and ``iterations``."""

    name = "rllib"
    packages = ("ray", "gymnasium", "torch", "safetensors")
    can_be_watched = True
    takes_tables = False

    def learn(
        self, tables: Mapping[str, Table], settings: Mapping[str, Any], threads: int, watch: Watch | None = None
    ) -> Learned:
        """So many iterations of the algorithm, with its environments in this process or in actors of RLlib's."""
        import torch

        torch.set_num_threads(threads)
        config = configured(settings["algorithm"], settings["config"])
        algorithm = config.build_algo()
        curves: dict[str, list[float]] = {}
        try:
            kept = kept_of(config, algorithm)
            for done in range(1, settings["iterations"] + 1):
                newest = _measured(algorithm.train())
                for name, value in newest.items():
                    curves.setdefault(name, []).append(value)
                if watch is not None and not watch(done, newest):
                    break
            return Learned(Policy(kept, algorithm.get_module().get_state(inference_only=True)), curves)
        finally:
            algorithm.stop()

    def save(self, model: Any, folder: Path) -> None:
        """The weights as safetensors; what network they are of as JSON. RLlib's own checkpoints are pickles."""
        from safetensors.numpy import save_file

        save_file(model.weights, folder / WEIGHTS_FILE)
        (folder / POLICY_FILE).write_text(json.dumps(model.kept, indent=1) + "\n")

    def load(self, folder: Path, *, trust_code: bool = False) -> Policy:
        """The policy.

        Raises:
            CheckpointInvalid: its weights are of another network.
        """
        from safetensors.numpy import load_file

        return Policy(json.loads((folder / POLICY_FILE).read_text()), load_file(folder / WEIGHTS_FILE)).ready()

    def rounds(self, settings: Mapping[str, Any]) -> int | None:
        """``iterations``."""
        return int(settings["iterations"])

    def predict(self, model: Any, features: Any) -> Any:
        """An action for each observation."""
        return model.actions(features)


def default_config(algorithm: str) -> Any:
    """The settings of an algorithm of RLlib's as they are.

    Raises:
        SettingInvalid: RLlib has none of this name.
    """
    from ray.tune.error import TuneError
    from ray.tune.registry import get_trainable_cls

    try:
        return get_trainable_cls(algorithm).get_default_config()
    except (AttributeError, TuneError) as error:
        raise SettingInvalid(f"algorithm={algorithm!r} is none of RLlib's", next_step="as 'PPO'") from error


def configured(algorithm: str, settings: Mapping[str, Any]) -> Any:
    """An AlgorithmConfig with these settings.

    Raises:
        SettingInvalid: it has no such setting, or refuses it.
    """
    config = default_config(algorithm)
    known = {*config.to_dict(), *(name for name in dir(type(config)) if _is_property(type(config), name))}
    own = dict(settings)
    network = own.pop("model_config", None)
    for name in own:
        if name not in known or name in RENAMED:
            raise _unknown(algorithm, name, config.to_dict())
    try:
        config.update_from_dict(OWN | own)
        if network is not None:
            config.rl_module(model_config=network)
    except (AttributeError, TypeError, ValueError) as error:
        raise SettingInvalid(f"config: {algorithm} of RLlib refuses: {error}") from error
    return config


def _is_property(kind: type, name: str) -> bool:
    return isinstance(inspect.getattr_static(kind, name), property)


def changed(config: Any) -> dict[str, Any]:
    """What an AlgorithmConfig has of its own, beside the algorithm's settings as they are."""
    usual = type(config)().to_dict()
    return {name: value for name, value in config.to_dict().items() if repr(usual.get(name)) != repr(value)}


def _unknown(algorithm: str, name: str, known: Iterable[str]) -> SettingInvalid:
    near = [RENAMED[name]] if name in RENAMED else get_close_matches(name, known, n=1)
    step = f"did you mean {near[0]!r}?" if near else "see the arguments of its AlgorithmConfig"
    return SettingInvalid(f"config: {algorithm} of RLlib has no setting {name!r}", next_step=step)


def _measured(told: Mapping[str, Any]) -> dict[str, float]:
    """The values of one iteration; NaN where no episode has ended yet."""
    episodes = told.get("env_runners", {})
    names = ("episode_return_mean", "episode_return_min", "episode_return_max", "episode_len_mean")
    measured = {f"train-{name}": float(episodes.get(name, "nan")) for name in names}
    return measured | {"train-env_steps": float(told.get("num_env_steps_sampled_lifetime", "nan"))}
