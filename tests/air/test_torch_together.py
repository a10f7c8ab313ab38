"""Several workers train one network, on shares that are alike; when one is lost, from where they were."""

from pathlib import Path
from typing import Any

import pytest

from air.passengers import passengers
from shoal import air

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.torch, pytest.mark.usefixtures("ray_here")]
TWO = air.Scaling(workers=2)


def trainer(loop: Any, rows: int = 400, **changes: Any) -> air.TorchTrainer:
    frame = passengers(rows).drop(columns=["embarked"])
    given: dict[str, Any] = {
        "label_column": "survived",
        "datasets": {"train": air.from_pandas(frame), "valid": air.from_pandas(passengers(101, seed=1)[[*frame]])},
        "preprocessor": air.Chain(
            air.SimpleImputer(columns=["age"], strategy="mean"),
            air.OrdinalEncoder(columns=["sex"]),
            air.StandardScaler(columns=["age", "fare", "pclass", "sex"]),
        ),
        "scaling": TWO,
    }
    return air.TorchTrainer(loop, **(given | changes))


@pytest.mark.slow
def test_both_workers_end_with_the_weights_of_one_model_that_is_about_as_good_as_that_of_one_worker() -> None:
    def learns(config: dict[str, Any]) -> None:
        import torch
        from ray import train
        from ray.train.torch import prepare_model
        from torch import distributed

        from shoal import air

        torch.manual_seed(train.get_context().get_world_rank())  # each begins elsewhere, and draws other batches
        rows, valid = train.get_dataset_shard("train"), train.get_dataset_shard("valid")
        model = prepare_model(torch.nn.Sequential(torch.nn.Linear(4, 8), torch.nn.ReLU(), torch.nn.Linear(8, 1)))
        optimizer = torch.optim.Adam(model.parameters(), lr=0.02)
        loss_of = torch.nn.BCEWithLogitsLoss()
        for _ in range(config["epochs"]):
            for batch in rows.iter_torch_batches(batch_size=100, shuffle=True):
                optimizer.zero_grad()
                loss_of(model(batch["features"])[:, 0], batch["label"].float()).backward()
                optimizer.step()
            with torch.no_grad():
                told = {"valid-loss": loss_of(model(valid.features)[:, 0], valid.label.float())}
            mine = torch.cat([weights.flatten() for weights in model.parameters()] + [torch.tensor([len(rows)])])
            all_of_them = [mine]
            if distributed.is_initialized():
                all_of_them = [torch.zeros_like(mine) for _ in range(distributed.get_world_size())]
                distributed.all_gather(all_of_them, mine)
            told |= {"same": all(torch.equal(mine, other) for other in all_of_them), "rows": len(rows)}
            air.report(told | {"measured on": len(valid), "workers": len(all_of_them)}, model=model)

    epochs = {"epochs": 15}  # of 401 rows in batches of 100: with 201 and 200 of them one worker would have one more
    two, one = (trainer(learns, 401, train_loop_config=epochs, scaling=scaling).fit() for scaling in (TWO, None))
    expected = {"same": 1.0, "rows": 201.0, "measured on": 101.0, "workers": 2.0}
    assert {name: two.metrics[name] for name in expected} == expected
    assert two.curves["same"] == [1.0] * 15
    assert one.metrics["rows"] == 401
    assert two.metrics["valid-loss"] == pytest.approx(one.metrics["valid-loss"], abs=0.05)
    assert two.metrics["valid-loss"] < two.curves["valid-loss"][0] - 0.05
    assert type(two.checkpoint.model).__name__ == "Sequential"
    assert set(dict(two.checkpoint.model.named_parameters())) == {"0.weight", "0.bias", "2.weight", "2.bias"}
    rows = passengers(101, seed=1)
    right = [((each.checkpoint.predict(rows)["predictions"] > 0) == rows["survived"]).mean() for each in (one, two)]
    assert right[1] == pytest.approx(right[0], abs=0.05)
    assert right[1] > 0.6


def plainly_learned(tables: Any, epochs: int) -> Any:
    """What PyTorch alone learns from all rows at once."""
    import torch

    features = torch.from_numpy(tables["train"].features.to_numpy(dtype="float32"))
    label = torch.from_numpy(tables["train"].label.astype("float32"))
    model = torch.nn.Sequential(torch.nn.Linear(4, 1))
    torch.nn.init.zeros_(model[0].weight)
    torch.nn.init.zeros_(model[0].bias)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
    for _ in range(epochs):
        optimizer.zero_grad()
        torch.nn.functional.binary_cross_entropy_with_logits(model(features)[:, 0], label).backward()
        optimizer.step()
    return model


@pytest.mark.slow
def test_killed_workers_go_on_from_what_was_kept_and_learn_what_pytorch_alone_learns_from_all_rows(
    tmp_path: Path,
) -> None:
    from shoal.air.frameworks.torch import Torch

    def dies(config: dict[str, Any]) -> None:
        """A step an epoch; before the fourth the second worker is killed, before the sixth the first."""
        import os
        import signal
        from pathlib import Path

        import torch
        from ray import train
        from ray.train.torch import prepare_model

        from shoal import air

        rank, rows = train.get_context().get_world_rank(), train.get_dataset_shard("train")
        network = torch.nn.Sequential(torch.nn.Linear(4, 1))
        torch.nn.init.zeros_(network[0].weight)
        torch.nn.init.zeros_(network[0].bias)
        model = prepare_model(network)
        optimizer = torch.optim.Adam(model.parameters(), lr=0.05)
        begun = air.resume(model, optimizer)
        (Path(config["marks"]) / f"{rank}-from-{begun}").touch()
        for epoch in range(begun, 7):
            killed = Path(config["marks"]) / f"killed-before-{epoch}"
            if {3: 1, 5: 0}.get(epoch) == rank and not killed.exists():
                killed.touch()
                os.kill(os.getpid(), signal.SIGKILL)
            optimizer.zero_grad()
            predicted = model(rows.features)[:, 0]
            loss = torch.nn.functional.binary_cross_entropy_with_logits(predicted, rows.label.float())
            loss.backward()
            optimizer.step()
            air.report({"loss": loss.detach()}, model=model, optimizer=optimizer)

    class Careful(Torch):
        keep_every_s = 0.0

    class Trainer(air.TorchTrainer):
        framework = Careful()

    built = Trainer(**trainer(dies, train_loop_config={"marks": str(tmp_path)}).get_params(deep=False))
    result = built.fit()
    assert (tmp_path / "killed-before-3").exists()
    assert (tmp_path / "killed-before-5").exists()
    begun = [sorted(int(file.name.rpartition("-")[2]) for file in tmp_path.glob(f"{rank}-from-*")) for rank in (0, 1)]
    assert begun[0] == begun[1]
    assert begun[0][0] == 0
    assert begun[0][-1] in (3, 4, 5)  # of what is kept, Ray Train hears a poll later
    assert len(result.curves["loss"]) == 7
    expected = plainly_learned(built.prepare().tables, 7).state_dict()
    for name, weights in result.checkpoint.model.state_dict().items():
        assert weights.numpy() == pytest.approx(expected[name].numpy(), abs=1e-4)


@pytest.mark.slow
def test_a_worker_that_reports_less_often_than_another_is_told_of_instead_of_waited_for() -> None:
    def less_often() -> None:
        import torch
        from ray import train

        from shoal import air

        for _ in range(3 - train.get_context().get_world_rank()):
            air.report({"loss": 1.0}, model=torch.nn.Linear(4, 1))

    with pytest.raises(air.SettingInvalid, match="worker 1 has ended, and the first one reports more") as caught:
        trainer(less_often).fit()
    assert "call it as often on every worker" in str(caught.value)


def test_gaps_are_named_before_any_worker_starts() -> None:
    def unused() -> None:
        raise AssertionError

    with pytest.raises(air.ColumnUnfit, match=r"column 'age' of data set 'train'.*values are missing"):
        trainer(unused, preprocessor=air.OrdinalEncoder(columns=["sex"])).fit()


@pytest.mark.parametrize("workers", [1, 2, 3, 5])
@pytest.mark.parametrize("rows", [1, 2, 7, 10, 11])
def test_shares_are_of_one_length_and_hold_every_row(rows: int, workers: int) -> None:
    from shoal.air.frameworks.torch_together import even_share

    shares = [even_share(rows, rank, workers).tolist() for rank in range(workers)]
    assert {len(share) for share in shares} == {-(-rows // workers)}
    assert {row for share in shares for row in share} == set(range(rows))


def test_a_fault_of_the_function_ends_the_training_and_what_may_come_of_a_lost_worker_does_not() -> None:
    from shoal.air.frameworks.torch_together import _run

    def fails(config: dict[str, Any]) -> None:
        raise config["with"]

    with pytest.raises(air.TrainingFailed, match=r"test_torch_together.py, line \d+: torch refused: KeyError: 'lr'"):
        _run(fails, {"with": KeyError("lr")})
    with pytest.raises(RuntimeError, match="closed by peer"):
        _run(fails, {"with": RuntimeError("connection closed by peer")})


@pytest.mark.parametrize(("wanted", "hidden"), [({"CPU": 1}, True), ({"CPU": 1, "GPU": 0.5}, False)])
def test_gpus_that_were_not_asked_for_are_out_of_sight(
    wanted: dict[str, float], hidden: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    from types import SimpleNamespace

    from shoal.air import together

    monkeypatch.setattr(together, "connect", lambda: SimpleNamespace(cluster_resources=lambda: {"CPU": 4, "GPU": 1}))
    environment = together._without_gpus(wanted)
    assert (environment == {"env_vars": {"CUDA_VISIBLE_DEVICES": ""}}) is hidden
