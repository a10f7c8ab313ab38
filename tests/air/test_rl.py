"""A policy is trained by RLlib, tuned, kept without pickle, and acts."""

import importlib.metadata
from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.usefixtures("ray_here")]
rllib = pytest.mark.rllib
CONFIG = {
    "env": "CartPole-v1",
    "lr": 1e-3,
    "train_batch_size_per_learner": 512,
    "minibatch_size": 128,
    "num_epochs": 6,
    "seed": 0,
    "model_config": {"fcnet_hiddens": [32]},
}
RETURN = "train-episode_return_mean"


def trainer(**changes: Any) -> air.RLTrainer:
    return air.RLTrainer("PPO", config=CONFIG | changes, iterations=4, scaling=air.Scaling(cpus_per_worker=1))


@pytest.fixture(scope="module")
def result(ray_here: None) -> air.Result:
    """Of a training whose environments are in a process of RLlib's, which shares the CPUs of the task."""
    return trainer(num_env_runners=1).fit()


@rllib
@pytest.mark.slow
def test_a_policy_learns_and_each_iteration_is_a_point_of_the_curves(result: air.Result) -> None:
    curve = result.curves[RETURN]
    assert len(curve) == 4
    assert curve[-1] > curve[0]
    assert result.metrics["train-env_steps"] >= 4 * 512
    assert result.checkpoint.settings["config"]["env"] == "CartPole-v1"
    assert result.importance() is None


@rllib
@pytest.mark.slow
def test_it_acts_in_its_environment(result: air.Result) -> None:
    import gymnasium
    import numpy as np

    environment = gymnasium.make("CartPole-v1")
    returns = []
    for seed in range(5):
        observation, _ = environment.reset(seed=seed)
        over, total = False, 0.0
        while not over:
            action = result.checkpoint.predict(np.stack([observation]))[0]
            observation, reward, ended, cut, _ = environment.step(action)
            over, total = ended or cut, total + float(reward)
        returns.append(total)
    assert np.mean(returns) > 25  # at random it falls after some 20 steps


@rllib
@pytest.mark.slow
def test_what_is_kept_is_weights_and_words_and_acts_the_same(result: air.Result, tmp_path: Path) -> None:
    import numpy as np

    kept = result.checkpoint.save(tmp_path / "policy")
    assert sorted(file.name for file in kept.iterdir()) == [
        "manifest.json",
        "policy.json",
        "policy.safetensors",
        "preprocessor.json",
    ]
    observations = np.random.default_rng(0).normal(size=(200, 4))
    loaded = air.load(kept)
    assert loaded.predict(observations).tolist() == result.checkpoint.predict(observations).tolist()
    assert set(loaded.predict(observations).tolist()) == {0, 1}
    assert loaded.metrics == result.metrics


@rllib
@pytest.mark.slow
def test_a_policy_is_told_what_it_takes(result: air.Result) -> None:
    import numpy as np

    with pytest.raises(air.SettingInvalid, match=r"is of the shape \(\) here, and of \(4,\) in the environment"):
        result.checkpoint.predict(np.zeros(4))
    with pytest.raises(air.SettingInvalid, match=r"takes observations, and no rows of a table"):
        air.BatchPredictor(result.checkpoint).predict(air.from_pandas(passengers(3)))


@rllib
@pytest.mark.slow
def test_a_tuner_varies_its_settings_and_goes_on_with_the_best(tmp_path: Path) -> None:
    import numpy as np

    built = air.RLTrainer("PPO", config=CONFIG | {"train_batch_size_per_learner": 256}, iterations=2)
    space = {"config": {"lr": air.grid_search([1e-3, 0.0])}}
    study = air.Tuner(built, space, metric=RETURN, mode="max", num_samples=1, storage_path=tmp_path / "study")
    tuned = study.fit()
    table = tuned.to_pandas()
    assert table["error"].tolist() == ["", ""]
    assert table["config.lr"].tolist() == [1e-3, 0.0]
    assert tuned.best().metrics[RETURN] == table[RETURN].max()
    again = air.Tuner.restore(tmp_path / "study", built).fit().best()
    observations = np.random.default_rng(0).normal(size=(50, 4))
    assert again.metrics == tuned.best().metrics
    assert again.checkpoint.predict(observations).tolist() == tuned.best().checkpoint.predict(observations).tolist()


@rllib
def test_an_action_within_bounds_is_that_of_the_network_stretched_and_weights_of_another_network_are_refused(
    tmp_path: Path,
) -> None:
    import numpy as np
    import torch

    from shoal.air.frameworks.rllib import RLlib, configured
    from shoal.air.frameworks.rllib_policy import Policy, kept_of

    config = configured("PPO", {"env": "Pendulum-v1", "model_config": {"fcnet_hiddens": [8]}})
    algorithm = config.build_algo()
    try:
        network = algorithm.get_module()
        policy = Policy(kept_of(config, algorithm), network.get_state(inference_only=True))
        observations = np.random.default_rng(0).normal(size=(20, 3)).astype("float32")
        with torch.no_grad():
            told = network.forward_inference({"obs": torch.from_numpy(observations)})["action_dist_inputs"]
    finally:
        algorithm.stop()
    RLlib().save(policy, tmp_path)
    kept = tmp_path / "policy.json"
    kept.write_text(kept.read_text().replace('"fcnet_hiddens": [\n   8\n  ]', '"fcnet_hiddens": [\n   9\n  ]'))
    with pytest.raises(air.CheckpointInvalid, match="its weights are of another network"):
        RLlib().load(tmp_path)
    mean = np.clip(told.numpy()[:, :1], -1, 1)
    assert policy.actions(observations) == pytest.approx(2 * mean, abs=1e-5)  # Pendulum's bounds are -2 and 2


@rllib
def test_an_algorithm_config_is_the_same_as_its_name_and_settings() -> None:
    from ray.rllib.algorithms.ppo import PPOConfig

    from shoal.air.frameworks.rllib import configured

    given = PPOConfig().environment("CartPole-v1").training(lr=0.01).env_runners(num_env_runners=1)
    told = air.RLTrainer(given, config={"gamma": 0.9}).settings()
    assert told == {
        "algorithm": "PPO",
        "config": {"env": "CartPole-v1", "lr": 0.01, "num_env_runners": 1, "gamma": 0.9},
        "iterations": 10,
    }
    made = configured(told["algorithm"], told["config"]).to_dict()
    expected = given.training(gamma=0.9).env_runners(num_cpus_per_env_runner=0).to_dict()
    assert {name: repr(value) for name, value in made.items()} == {
        name: repr(value) for name, value in expected.items()
    }


@rllib
@pytest.mark.parametrize(
    ("trainer", "words"),
    [
        (air.RLTrainer("PPP", config=CONFIG), "algorithm='PPP' is none of RLlib's"),
        (trainer(num_workers=2), r"has no setting 'num_workers' \(did you mean 'num_env_runners'"),
        (trainer(gama=0.9), r"has no setting 'gama' \(did you mean 'gamma'"),
        (trainer(env=None), "config names no environment"),
        (air.RLTrainer("PPO", config=CONFIG, iterations=0), "iterations=0 is no number above 0"),
        (air.RLTrainer("PPO", config=CONFIG, scaling=air.Scaling(workers=2)), "config={'num_env_runners': 4}"),
    ],
)
def test_what_makes_no_sense_is_told_before_anything_starts(trainer: air.RLTrainer, words: str) -> None:
    with pytest.raises(air.SettingInvalid, match=words):
        trainer.fit()


@rllib
def test_what_words_can_not_tell_is_refused_before_it_learns() -> None:
    from ray.rllib.algorithms.ppo import PPOConfig

    from shoal.air.frameworks.rllib_policy import kept_of

    several = PPOConfig().multi_agent(policies={"a", "b"})
    shown = PPOConfig().env_runners(env_to_module_connector=lambda *given: [])
    for config, why in ((several, "there are several agents"), (shown, "there are connectors of your own")):
        with pytest.raises(air.SettingInvalid, match=why):
            kept_of(config, None)


@rllib
def test_the_page_of_the_docs_says_what_rllib_takes() -> None:
    page = (Path(__file__).parents[2] / "docs/air.md").read_text().partition("## Policies")[2]
    code = page.split("```python\n")[1].split("```")[0]
    made: dict[str, Any] = {"air": air}
    exec(code.partition("result =")[0], made)
    assert made["trainer"].prepare().tables == {}


def test_without_its_extra_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = importlib.metadata.version

    def version(name: str) -> str:
        if name == "gymnasium":
            raise importlib.metadata.PackageNotFoundError(name)
        return real(name)

    monkeypatch.setattr(importlib.metadata, "version", version)
    with pytest.raises(air.PackageMissing, match=r"gymnasium isn't installed \(pip install 'shoal\[rllib\]'"):
        air.RLTrainer("PPO", config={"env": "CartPole-v1"}).fit()
