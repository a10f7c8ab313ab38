"""What is killed goes on from what it had kept: a worker from its last report, a tuner from trials that had ended."""

import os
import signal
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]
STUDY = """
    import os
    import pathlib
    import signal

    from shoal import air
    from shoal.air.frameworks.xgboost import XGBoost

    class Counted(XGBoost):
        def learn(self, tables, settings, threads, watch=None):
            params = dict(settings["params"])
            folder = params.pop("folder")
            number = len(os.listdir(folder))
            open(f"{folder}/{number}", "w").close()
            driver = pathlib.Path(f"{folder}.driver")
            if number == 3 and driver.exists():
                os.kill(int(driver.read_text()), signal.SIGKILL)
            return super().learn(tables, {**settings, "params": params}, threads)

    class Trainer(air.XGBoostTrainer):
        framework = Counted()

    def tuner(rows, folder, storage):
        train, valid = rows.train_test_split(0.25, seed=0)
        given = {"objective": "binary:logistic", "eval_metric": "logloss", "folder": str(folder)}
        scaling = air.Scaling(cpus_per_worker=2)  # one after the other
        datasets = {"train": train, "valid": valid}
        trainer = Trainer(label_column="survived", datasets=datasets, params=given, scaling=scaling)
        space = {"params": {"max_depth": air.randint(1, 5), "eta": air.loguniform(1e-2, 0.5)}}
        return air.Tuner(trainer, space, metric="valid-logloss", num_samples=6, seed=3, storage_path=storage)
"""


def rows() -> air.Dataset:
    return air.from_pandas(passengers().drop(columns=["sex", "embarked"]).dropna())


def tuner(folder: Path, storage: Path | None) -> Any:
    """The tuner of STUDY, of rows that are the same each time."""
    made: dict[str, Any] = {}
    exec(textwrap.dedent(STUDY), made)
    folder.mkdir(exist_ok=True)
    return made["tuner"](rows(), folder, storage)


@pytest.fixture
def address() -> str:
    import ray

    return str(ray.get_runtime_context().gcs_address)


def test_a_tuner_whose_driver_was_killed_goes_on_where_it_was(tmp_path: Path, address: str) -> None:
    marks, storage = tmp_path / "marks", tmp_path / "study"
    marks.mkdir()
    script = tmp_path / "script.py"
    rows().to_pandas().to_parquet(tmp_path / "rows.parquet")
    call = f"tuner(air.read_parquet({str(tmp_path / 'rows.parquet')!r}), {str(marks)!r}, {str(storage)!r}).fit()"
    pid = f"pathlib.Path({str(marks)!r} + '.driver').write_text(str(os.getpid()))"
    script.write_text("\n".join([textwrap.dedent(STUDY), pid, call]))
    environment = {**os.environ, "RAY_ADDRESS": address}
    ended = subprocess.run([sys.executable, str(script)], env=environment, capture_output=True, timeout=120)
    assert ended.returncode == -signal.SIGKILL, ended.stderr.decode()
    assert len(list(storage.glob("trial-*.json"))) == 3
    (tmp_path / "marks.driver").unlink()
    again = tuner(marks, storage).fit()
    assert len(list(marks.iterdir())) == 7  # the one that was at work was tried once more
    assert list(again.to_pandas()["valid-logloss"]) == list(
        tuner(tmp_path / "whole", None).fit().to_pandas()["valid-logloss"]
    )


def test_a_tuner_tries_again_only_what_had_not_ended(tmp_path: Path) -> None:
    storage = tmp_path / "study"
    whole = tuner(tmp_path / "whole", None).fit().to_pandas()
    first = tuner(tmp_path / "marks", storage)
    before = first.set_params(num_samples=4).fit()
    again = air.Tuner.restore(storage, first.trainer).set_params(num_samples=6).fit()
    assert len(list((tmp_path / "marks").iterdir())) == 6
    columns = ["params.max_depth", "params.eta", "valid-logloss"]
    assert again.to_pandas()[columns].equals(whole[columns])
    assert again.to_pandas()["seconds"].head(4).equals(before.to_pandas()["seconds"])
    assert again.best().metrics["valid-logloss"] == whole["valid-logloss"].min()
    assert len(list(storage.glob("checkpoint-*"))) == 1
    done = air.Tuner.restore(storage, first.trainer).fit()
    assert len(list((tmp_path / "marks").iterdir())) == 6
    sample = passengers(20, seed=1)
    assert done.best().checkpoint.predict(sample).equals(again.best().checkpoint.predict(sample))


def test_a_folder_of_another_study_or_of_other_things_is_left_alone(tmp_path: Path) -> None:
    tuner(tmp_path / "marks", tmp_path / "study").set_params(num_samples=1).fit()
    other = tuner(tmp_path / "marks", tmp_path / "study").set_params(seed=4)
    with pytest.raises(air.SettingInvalid, match=r"another seed: 3, here 4 .name another storage_path"):
        other.fit()
    (tmp_path / "full").mkdir()
    (tmp_path / "full/letter.txt").write_text("Dear")
    with pytest.raises(air.SettingInvalid, match="there is something else in it"):
        other.set_params(storage_path=tmp_path / "full").fit()
    assert [file.name for file in (tmp_path / "full").iterdir() if file.name != ".lock"] == ["letter.txt"]
    with pytest.raises(air.CheckpointInvalid, match=r"there is no study.json in it"):
        air.Tuner.restore(tmp_path / "full", other.trainer)


def test_a_killed_worker_goes_on_from_its_last_report(tmp_path: Path) -> None:
    from shoal.air.frameworks.xgboost import XGBoost

    class Deadly(XGBoost):
        """Kills its worker at the third report, once, and notes from where another goes on."""

        def save(self, model: Any, folder: Path) -> None:
            super().save(model, folder)
            if model.num_boosted_rounds() == 6 and not (tmp_path / "killed").exists():
                (tmp_path / "killed").touch()
                os.kill(os.getpid(), signal.SIGKILL)

        def load(self, folder: Path, *, trust_code: bool = False) -> Any:
            model = super().load(folder)
            if (tmp_path / "killed").exists():
                (tmp_path / f"from-{model.num_boosted_rounds()}").touch()
            return model

    class Trainer(air.XGBoostTrainer):
        framework = Deadly()

    given: dict[str, Any] = {
        "label_column": "survived",
        "num_boost_round": 8,
        "params": {"objective": "binary:logistic", "eval_metric": "logloss"},
        "datasets": {"train": rows()},
        "scaling": air.Scaling(workers=2, cpus_per_worker=1),
    }
    result = Trainer(**given).fit()
    assert (tmp_path / "killed").exists()
    assert [file.name for file in tmp_path.glob("from-*")] in (["from-2"], ["from-4"])
    undisturbed = air.XGBoostTrainer(**{**given, "scaling": None}).fit()
    assert result.curves["train-logloss"] == pytest.approx(undisturbed.curves["train-logloss"], rel=0.02)
    assert result.checkpoint.model.num_boosted_rounds() == 8
