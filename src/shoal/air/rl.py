"""Reinforcement learning: the one trainer without a table. An algorithm of RLlib's learns from an environment."""

import json
from collections.abc import Mapping
from typing import Any, ClassVar

from shoal.air.errors import SettingInvalid
from shoal.air.frameworks.base import Learned
from shoal.air.frameworks.rllib import RLlib, changed, configured
from shoal.air.packages import require
from shoal.air.parameters import name_of
from shoal.air.result import Result
from shoal.air.scaling import Scaling
from shoal.air.schema import Schema
from shoal.air.trainer import Prepared, Trainer


class RLTrainer(Trainer):
    """Trains a policy by an algorithm of RLlib's, in one Ray task.

    algorithm: its name, as "PPO", or an AlgorithmConfig of RLlib's.
    config: settings of its AlgorithmConfig by name, ``env`` among them, and as ``model_config`` those of the network; a
        tuner varies what is in it.
    iterations: how many calls of the algorithm's ``train``.
    scaling: what the task gets; the processes that RLlib starts for ``num_env_runners`` share its CPUs.
    """

    framework: ClassVar[RLlib] = RLlib()
    setting_names: ClassVar[tuple[str, ...]] = ("algorithm", "config", "iterations")

    def __init__(
        self,
        algorithm: Any,
        *,
        config: Mapping[str, Any] | None = None,
        iterations: int = 10,
        scaling: Scaling | None = None,
    ) -> None:
        self.algorithm = algorithm
        self.config = config
        self.iterations = iterations
        self.scaling = scaling

    def settings(self) -> dict[str, Any]:
        """What RLlib is told, an AlgorithmConfig as name and settings."""
        algorithm, own = self.algorithm, {}
        if not isinstance(algorithm, str):
            if not hasattr(algorithm, "algo_class"):
                raise SettingInvalid(f"algorithm={algorithm!r} is none", next_step="as 'PPO', or an AlgorithmConfig")
            algorithm, own = algorithm.algo_class.__name__, changed(algorithm)
        return {"algorithm": algorithm, "config": own | dict(self.config or {}), "iterations": self.iterations}

    def prepare(self) -> "PreparedRL":
        """Hold what is told against what RLlib takes."""
        require(self.framework.packages)
        if not isinstance(self.iterations, int) or self.iterations < 1:
            raise SettingInvalid(f"iterations={self.iterations!r} is no number above 0")
        if self.scaling is not None and self.scaling.workers != 1:
            raise SettingInvalid(
                f"Scaling(workers={self.scaling.workers}): RLlib is begun in one task",
                next_step="for more environments at once: config={'num_env_runners': 4}",
            )
        settings = self.settings()
        if configured(settings["algorithm"], settings["config"]).env is None:
            raise SettingInvalid("config names no environment", next_step="as config={'env': 'CartPole-v1'}")
        return PreparedRL(self.framework)


class PreparedRL(Prepared):
    """What a tuner makes once for all its trials: here nothing, as each makes its environments itself."""

    def __init__(self, framework: RLlib) -> None:
        super().__init__(framework, label_column="", schema=Schema({}), preprocessor=None, tables={})

    def features(self) -> Schema:
        """None: an observation has no columns."""
        return Schema({})

    def result(self, learned: Learned, settings: Mapping[str, Any]) -> Result:
        """What was learned. Of classes and functions in the settings the names are kept."""
        return super().result(learned, json.loads(json.dumps(dict(settings), default=name_of)))
