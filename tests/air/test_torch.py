"""Networks go the way of all models: trained by a function, tuned, kept without pickle, asked anywhere."""

import json
import socket
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.torch, pytest.mark.usefixtures("ray_here")]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return int(free.getsockname()[1])


def training() -> Callable[[dict[str, Any]], None]:
    """A training function, made here so that it travels to workers that know nothing of this module."""

    def train_network(config: dict[str, Any]) -> None:
        import torch
        from ray import train
        from ray.train.torch import prepare_model

        from shoal import air

        torch.manual_seed(0)
        rows, valid = train.get_dataset_shard("train"), train.get_dataset_shard("valid")
        model = prepare_model(
            torch.nn.Sequential(
                torch.nn.Linear(rows.features.shape[1], config.get("width", 16)),
                torch.nn.ReLU(),
                torch.nn.Sequential(torch.nn.Dropout(0.1), torch.nn.Linear(config.get("width", 16), 1)),
                torch.nn.Sigmoid(),
            )
        )
        loss_of = torch.nn.BCELoss()
        optimizer = torch.optim.Adam(model.parameters(), lr=config["lr"])
        for _ in range(config.get("epochs", 5)):
            model.train()
            for batch in rows.iter_torch_batches(batch_size=32, shuffle=True):
                optimizer.zero_grad()
                loss_of(model(batch["features"])[:, 0], batch["label"].float()).backward()
                optimizer.step()
            model.eval()
            with torch.no_grad():
                predicted = model(valid.features)[:, 0]
            air.report({"valid-loss": loss_of(predicted, valid.label.float())}, model=model)

    return train_network


def trainer(loop: Any = None, **changes: Any) -> air.TorchTrainer:
    train, valid = air.from_pandas(passengers(1000).drop(columns=["embarked"])).train_test_split(0.25, seed=0)
    given: dict[str, Any] = {
        "label_column": "survived",
        "train_loop_config": {"lr": 0.005, "epochs": 10},
        "datasets": {"train": train, "valid": valid},
        "preprocessor": air.Chain(
            air.SimpleImputer(columns=["age"], strategy="mean"),
            air.OneHotEncoder(columns=["sex"]),
            air.StandardScaler(columns=["age", "fare", "pclass"]),
        ),
    }
    return air.TorchTrainer(loop or training(), **(given | changes))


@pytest.fixture(scope="module")
def result(ray_here: None) -> air.Result:
    return trainer().fit()


def test_a_network_learns_and_each_report_is_a_point_of_the_curves(result: air.Result) -> None:
    curve = result.curves["valid-loss"]
    assert len(curve) == 10
    assert min(curve) < curve[0] * 0.95
    assert result.checkpoint.settings["train_loop_per_worker"] == "training.<locals>.train_network"


def test_what_is_kept_is_weights_and_words_and_predicts_the_same(result: air.Result, tmp_path: Path) -> None:
    kept = result.checkpoint.save(tmp_path / "model")
    assert sorted(file.name for file in kept.iterdir()) == [
        "layers.json",
        "manifest.json",
        "model.safetensors",
        "preprocessor.json",
    ]
    loaded = air.load(kept)
    rows = passengers(50, seed=3)
    assert loaded.predict(rows).equals(result.checkpoint.predict(rows))
    assert loaded.model.training is False


def test_the_last_model_that_was_told_is_what_training_gives() -> None:
    def keeps_the_first() -> None:
        import torch

        from shoal import air

        model = torch.nn.Sequential(torch.nn.Linear(5, 1))
        with torch.no_grad():
            for weight in model.parameters():
                weight.zero_()
            air.report({"loss": 2.0}, model=model)
            model[0].bias.fill_(9)
            air.report({"loss": 1.0})

    result = trainer(keeps_the_first, train_loop_config=None).fit()
    assert result.metrics == {"loss": 2.0}
    assert result.curves == {"loss": [2.0, 1.0]}
    assert set(result.checkpoint.predict(passengers(3))["predictions"]) == {0.0}


def test_batches_hold_every_row_once_in_a_new_order_each_time_and_gpus_that_were_not_asked_for_are_out_of_sight() -> (
    None
):
    def looks() -> None:
        import os

        import torch
        from ray import train

        from shoal import air

        rows = train.get_dataset_shard("train")
        inputs = [
            torch.cat([batch["features"] for batch in rows.iter_torch_batches(batch_size=64, shuffle=True)])
            for _ in "ab"
        ]
        same = [torch.equal(each.sort(dim=0).values, rows.features.sort(dim=0).values) for each in inputs]
        whole = sum(len(batch["label"]) for batch in rows.iter_torch_batches(batch_size=64, drop_last=True))
        told = {
            "all": all(same),
            "order": torch.equal(*inputs),
            "whole": whole,
            "kind": rows.label.dtype == torch.int64,
            "gpus in sight": os.environ.get("CUDA_VISIBLE_DEVICES") != "",
        }
        air.report(told, model=torch.nn.Linear(1, 1))

    assert trainer(looks, train_loop_config=None).fit().metrics == {
        "all": 1.0,
        "order": 0.0,
        "whole": 704.0,
        "kind": 1.0,
        "gpus in sight": 0.0,
    }


def test_a_tuner_varies_what_the_function_is_given_and_ends_what_is_behind() -> None:
    space = {"train_loop_config": {"lr": air.grid_search([0.005, 1e-6, 1e-7]), "width": air.choice([8])}}
    tuner = air.Tuner(
        trainer(scaling=air.Scaling(cpus_per_worker=2)),
        space,
        metric="valid-loss",
        num_samples=1,
        scheduler=air.ASHA(grace_period=2, reduction_factor=2),
    )
    table = tuner.fit().to_pandas()
    assert table["error"].tolist() == ["", "", ""]
    assert table["stopped"].tolist() == [False, True, True]
    assert tuner.fit().best().checkpoint.settings["train_loop_config"]["lr"] == 0.005


@pytest.mark.slow
def test_predictions_agree_in_batch_and_over_http_and_another_network_is_noticed(result: air.Result) -> None:
    other = trainer(train_loop_config={"lr": 0.005, "epochs": 1}).fit().checkpoint
    deployment = air.deploy(result.checkpoint, name="network", port=free_port()).wait()
    try:
        assert air.verify(result.checkpoint, passengers(30, seed=4), deployment=deployment)["served"] == 30
        with pytest.raises(air.PredictionsDiffer, match="by HTTP"):
            air.verify(other, passengers(30, seed=4), deployment=deployment)
    finally:
        air.undeploy("network")


def own_network() -> Any:
    import torch

    class Own(torch.nn.Module):  # type: ignore[misc]
        def __init__(self, inputs: int) -> None:
            super().__init__()
            self.layer = torch.nn.Linear(inputs, 3)

        def forward(self, rows: Any) -> Any:
            return torch.softmax(self.layer(rows), dim=1)

    return Own


def test_a_class_of_ones_own_is_handed_in_again_and_no_code_of_a_folder_runs(tmp_path: Path) -> None:
    from shoal.air.frameworks.torch import Torch

    own = own_network()

    def trains_own() -> None:
        from ray import train

        from shoal import air

        air.report({"loss": 0.5}, model=own(train.get_dataset_shard("train").features.shape[1]))

    checkpoint = trainer(trains_own, train_loop_config=None).fit().checkpoint
    rows = passengers(5)
    assert list(checkpoint.predict(rows)) == ["predictions_0", "predictions_1", "predictions_2"]
    kept = checkpoint.save(tmp_path / "own")
    with pytest.raises(
        air.CheckpointInvalid, match=r"its model is a .*Own, which is no class of PyTorch's \(hand one in"
    ):
        air.load(kept, trust_code=True)
    with pytest.raises(air.CheckpointInvalid, match="its weights are of other layers"):
        air.load(kept, framework=Torch(own(4)))
    assert air.load(kept, framework=Torch(own(5))).predict(rows).equals(checkpoint.predict(rows))


@pytest.mark.parametrize(
    ("loop", "kind", "words"),
    [
        ("pass", air.TrainingFailed, "told of no model"),
        ("air.report({'loss': 'low'})", air.SettingInvalid, "loss='low', which is no number"),
        ("air.report({'a': 1}); air.report({'b': 1})", air.SettingInvalid, "is told b, and was told a"),
        ("raise OSError('no such disk')", air.TrainingFailed, "torch refused: no such disk"),
    ],
)
def test_what_goes_wrong_in_a_function_is_said(loop: str, kind: type[Exception], words: str) -> None:
    made: dict[str, Any] = {}
    exec(f"def loop():\n    from shoal import air\n    {loop}", made)
    with pytest.raises(kind, match=words):
        trainer(made["loop"], train_loop_config=None).fit()


def test_the_page_of_the_docs_runs_as_it_is() -> None:
    page = (Path(__file__).parents[2] / "docs/air.md").read_text().partition("## Networks")[2]
    train, valid = air.from_pandas(passengers()).train_test_split(0.25, seed=0)
    made: dict[str, Any] = {"air": air, "train": train, "valid": valid}
    exec(page.split("```python\n")[1].split("```")[0], made)
    assert len(made["result"].curves["valid-loss"]) == 10
    assert made["tuned"].best().metrics["valid-loss"] < 1


def test_a_search_that_goes_on_reads_a_class_of_ones_own_if_it_is_told_how_it_is_made(tmp_path: Path) -> None:
    own = own_network()

    def trains_own(config: dict[str, Any]) -> None:
        import torch

        from shoal import air

        network = own(config["inputs"])
        torch.nn.init.zeros_(network.layer.weight)
        air.report({"loss": config["loss"]}, model=network)

    def study(**changes: Any) -> air.Tuner:
        built = trainer(trains_own, train_loop_config={"inputs": 5}, **changes)
        space = {"train_loop_config": {"loss": air.grid_search([2.0, 1.0, 3.0])}}
        return air.Tuner(built, space, metric="loss", num_samples=1, storage_path=tmp_path / "study")

    first = study().fit().best()
    with pytest.raises(air.CheckpointInvalid, match=r"its model is a .*Own.*air.TorchTrainer\(module="):
        study().fit()
    made = trainer(trains_own, train_loop_config={"inputs": 5}, module=lambda config: own(config["inputs"]))
    again = air.Tuner.restore(tmp_path / "study", made).fit().best()
    assert again.metrics == first.metrics == {"loss": 1.0}
    rows = passengers(5)
    assert again.checkpoint.predict(rows).equals(first.checkpoint.predict(rows))


def test_reporting_outside_of_a_training_function_is_refused() -> None:
    with pytest.raises(air.SettingInvalid, match="none runs here"):
        air.report({"loss": 1.0})


def test_gaps_are_named_in_training_and_in_prediction(result: air.Result) -> None:
    with pytest.raises(air.ColumnUnfit, match=r"column 'age' of data set 'train'.*values are missing"):
        trainer(preprocessor=air.OneHotEncoder(columns=["sex"])).fit()
    with pytest.raises(air.ColumnUnfit, match="column 'fare' of rows to predict for"):
        result.checkpoint.predict(passengers(3).assign(fare=None))


@pytest.mark.parametrize(
    "layers",
    [
        ["DataLoader", {}],
        ["Sequential", [["0", ["__class__", {}]]]],
        ["functional", {}],
        [["Linear"], {}],
    ],
)
def test_what_is_no_layer_of_pytorchs_is_not_made(layers: Any) -> None:
    from shoal.air.frameworks.torch_layers import built

    with pytest.raises(air.CheckpointInvalid, match="which is none of PyTorch's"):
        built(layers)


def test_layers_are_described_with_all_that_makes_them_what_they_are() -> None:
    import torch
    from torch import nn

    from shoal.air.frameworks.torch_layers import built, described

    module = nn.Sequential(
        nn.Unflatten(1, (1, 8, 8)),
        nn.Conv2d(1, 4, 3, padding="same", bias=False),
        nn.BatchNorm2d(4, momentum=None),
        nn.LeakyReLU(0.3, inplace=True),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.LayerNorm(64, bias=False),
        nn.Linear(64, 2),
        nn.Softmax(dim=1),
    )
    module(torch.rand(16, 64))
    layers = described(module)
    assert layers is not None
    again = built(json.loads(json.dumps(layers)))
    again.load_state_dict(module.state_dict())
    rows = torch.rand(5, 64)
    assert torch.equal(again.eval()(rows), module.eval()(rows))


def test_what_words_can_not_tell_is_not_described() -> None:
    from torch import nn

    from shoal.air.frameworks.torch_layers import described

    hooked = nn.Linear(2, 2)
    hooked.register_forward_hook(lambda module, given, made: made * 2)
    steered = nn.utils.parametrizations.weight_norm(nn.Linear(2, 2))
    encoder = nn.TransformerEncoderLayer(8, 2)
    assert [described(each) for each in (own_network()(2), hooked, steered, encoder, nn.Sequential(encoder))] == [
        None
    ] * 5
