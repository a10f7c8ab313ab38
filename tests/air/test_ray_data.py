"""What Ray Data holds is learned from as what this process holds, and files are read where they lie."""

from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air
from shoal.air import cluster

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]


def trainer(train: air.Dataset) -> air.XGBoostTrainer:
    preprocessor = air.Chain(
        air.SimpleImputer(columns=["age"]),
        air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
        air.OneHotEncoder(columns=["sex", "embarked"]),
    )
    params = {"objective": "binary:logistic", "eval_metric": "auc"}
    return air.XGBoostTrainer(
        label_column="survived", params=params, preprocessor=preprocessor, datasets={"train": train}
    )


def test_words_and_gaps_that_ray_data_holds_make_the_same_model() -> None:
    import pyarrow
    from ray import data

    held = air.from_ray(data.from_arrow(pyarrow.Table.from_pandas(passengers(), preserve_index=False)))
    by_ray, here = trainer(held).fit(), trainer(air.from_pandas(passengers())).fit()
    assert by_ray.metrics == here.metrics
    predicted = air.BatchPredictor(here.checkpoint).predict(held, keep_columns=["survived"]).to_pandas()
    assert predicted["predictions"].tolist() == here.checkpoint.predict(passengers())["predictions"].tolist()
    assert predicted["survived"].tolist() == passengers()["survived"].tolist()


def test_no_room_to_predict_is_told_instead_of_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    import ray

    class Greedy:
        def here(self) -> bool:
            return True

    held = air.from_pandas(passengers())
    checkpoint = trainer(held).fit().checkpoint
    monkeypatch.setattr(cluster, "ROOM_S", 0.5)
    greedy = ray.remote(num_cpus=2)(Greedy).remote()
    assert ray.get(greedy.here.remote())
    with pytest.raises(air.ClusterUnfit, match=r"no room for Ray Data to predict: 1 CPU was not free"):
        air.verify(checkpoint, passengers())
    ray.kill(greedy)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A CSV file that not every node of the cluster sees."""
    path = tmp_path / "passengers.csv"
    passengers(50).to_csv(path, index=False)
    return path


def test_a_file_of_the_drivers_node_alone_is_read_there(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "every_node_sees", lambda paths: False)
    rows = air.read_csv(file, override_num_blocks=2)
    assert not rows.is_small
    assert rows.to_pandas()["fare"].tolist() == passengers(50)["fare"].tolist()


def test_a_file_that_a_client_alone_sees_is_refused_in_words(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "every_node_sees", lambda paths: False)
    monkeypatch.setattr(cluster, "is_client", lambda: True)
    with pytest.raises(air.SettingInvalid, match="the cluster, which has to read it, doesn't see it") as caught:
        air.read_csv(file, override_num_blocks=2)
    assert str(file) in str(caught.value)


def test_nodes_are_asked_for_what_they_see(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cluster, "is_client", lambda: True)  # a driver on the only node needn't ask
    assert cluster.every_node_sees([str(file)])
    assert not cluster.every_node_sees([str(file), str(file.with_name("nowhere.csv"))])


def test_small_files_are_read_by_the_script_itself(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def none(paths: Any) -> bool:
        raise AssertionError("no node need be asked")

    monkeypatch.setattr(cluster, "every_node_sees", none)
    assert air.read_csv(file).is_small
