"""A model predicts the same in this process, by Ray Data and over HTTP, and names the field that it can't read."""

import json
import socket
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from threading import Event
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

import pytest

from air.passengers import passengers
from air.posting import post
from shoal import air
from shoal.air import verification

pytestmark = [pytest.mark.air, pytest.mark.ray, pytest.mark.slow, pytest.mark.usefixtures("ray_here")]


@pytest.fixture(scope="module")
def checkpoint(ray_here: None) -> air.Checkpoint:
    preprocessor = air.Chain(
        air.SimpleImputer(columns=["age"]),
        air.SimpleImputer(columns=["embarked"], strategy="most_frequent"),
        air.OneHotEncoder(columns=["sex", "embarked"]),
    )
    params = {"objective": "binary:logistic"}
    rows = {"train": air.from_pandas(passengers())}
    trainer = air.XGBoostTrainer(label_column="survived", params=params, preprocessor=preprocessor, datasets=rows)
    return trainer.fit().checkpoint


@pytest.fixture(scope="module")
def deployment(checkpoint: air.Checkpoint) -> Iterator[air.Deployment]:
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    yield air.deploy(checkpoint, name="passengers", port=port).wait()
    air.undeploy("passengers")


def test_batch_and_served_predictions_are_those_of_this_process(
    checkpoint: air.Checkpoint, deployment: air.Deployment
) -> None:
    rows = passengers(200, seed=5)
    assert air.verify(checkpoint, rows, deployment=deployment) == {"in-process": 200, "batch": 200, "served": 200}


def test_a_data_set_a_table_and_rows_are_predicted_alike(checkpoint: air.Checkpoint) -> None:
    rows = passengers(20, seed=6)
    wanted = checkpoint.predict(rows)["predictions"].tolist()
    assert checkpoint.predict(air.from_pandas(rows))["predictions"].tolist() == wanted
    assert checkpoint.predict(rows.to_dict("records"))["predictions"].tolist() == wanted
    assert checkpoint.predict(rows.iloc[0].to_dict())["predictions"].tolist() == wanted[:1]


def test_a_difference_is_told_by_row(checkpoint: air.Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    def other(self: Any, dataset: Any) -> Any:
        made = air.Predictor(checkpoint).predict(dataset.to_pandas())
        made.loc[2, "predictions"] += 1e-6
        return air.from_pandas(made)

    monkeypatch.setattr(air.BatchPredictor, "predict", other)
    with pytest.raises(air.AirError, match=r"row 2: .* in this process, .* by Ray Data"):
        air.verify(checkpoint, passengers(5))


def test_columns_are_kept_and_their_order_does_not_matter(checkpoint: air.Checkpoint) -> None:
    rows = passengers(30, seed=2)
    turned = air.from_pandas(rows[rows.columns[::-1]])
    kept = air.BatchPredictor(checkpoint).predict(turned, keep_columns=["survived"]).to_pandas()
    assert list(kept.columns) == ["survived", "predictions"]
    assert list(kept["predictions"]) == list(checkpoint.predict(rows)["predictions"])


def test_a_missing_column_is_named(checkpoint: air.Checkpoint) -> None:
    with pytest.raises(air.ColumnUnknown, match="there is no column 'fare'"):
        air.BatchPredictor(checkpoint).predict(air.from_pandas(passengers(5).drop(columns=["fare"])))


def test_a_column_of_another_type_is_named(checkpoint: air.Checkpoint) -> None:
    with pytest.raises(air.ColumnUnfit, match=r"column 'age': it holds text .'old' in row 0., and held number"):
        checkpoint.predict(passengers(5).assign(age="old"))


def test_a_value_that_was_never_seen_is_predicted_for(checkpoint: air.Checkpoint) -> None:
    assert len(checkpoint.predict(passengers(5).assign(embarked="X"))) == 5


def test_one_row_and_a_list_are_answered(checkpoint: air.Checkpoint, deployment: air.Deployment) -> None:
    row = {"pclass": 1, "sex": "female", "age": None, "fare": 80, "embarked": "C"}
    expected = float(checkpoint.predict([row])["predictions"].iloc[0])
    assert post(deployment.url, row) == (200, {"predictions": [expected]})
    assert post(deployment.url, {"rows": [row, row]}) == (200, {"predictions": [expected] * 2})


def test_a_bad_row_is_refused_with_the_field_named(deployment: air.Deployment) -> None:
    good = {"pclass": 1, "sex": "female", "age": 20.5, "fare": 80, "embarked": "C"}
    bad = {"pclass": "first", "sex": "female", "age": 20.5, "embarked": "C"}
    status, answer = post(deployment.url, [good, bad])
    assert status == 422
    assert answer["detail"] == [
        {"loc": ["body", 1, "pclass"], "msg": "expected number, got 'first'"},
        {"loc": ["body", 1, "fare"], "msg": "field is missing; a value that isn't known is null"},
    ]


def test_a_row_that_can_not_be_read_spoils_none_of_the_others(deployment: air.Deployment) -> None:
    good = {"pclass": 1, "sex": "female", "age": 20.5, "fare": 80, "embarked": "C"}
    bodies = [good | {"age": 10**400} if number % 4 == 0 else good for number in range(40)]
    with ThreadPoolExecutor(16) as pool:
        told = [status for status, _ in pool.map(lambda body: post(deployment.url, body), bodies)]
    assert told == [422 if number % 4 == 0 else 200 for number in range(40)]


def test_another_model_takes_the_place_of_one_without_a_pause(
    checkpoint: air.Checkpoint, deployment: air.Deployment
) -> None:
    good = {"pclass": 1, "sex": "female", "age": 20.5, "fare": 80, "embarked": "C"}
    rows = {"train": air.from_pandas(passengers().drop(columns=["sex", "embarked"]))}
    other = air.XGBoostTrainer(
        label_column="survived",
        params={"objective": "binary:logistic"},
        num_boost_round=1,
        datasets=rows,
        scaling=air.Scaling(cpus_per_worker=1),
    )
    second = other.fit().checkpoint
    expected = [float(each.predict([good])["predictions"].iloc[0]) for each in (checkpoint, second)]
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    over, told = Event(), []

    def ask() -> None:
        while not over.is_set():
            told.append(post(deployment.url, good))

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask) for _ in range(4)]
        try:
            air.deploy(second, name="passengers", port=port).wait()
            after = [post(deployment.url, good) for _ in range(10)]
            air.deploy(checkpoint, name="passengers", port=port).wait()
        finally:
            over.set()
        for each in asking:
            each.result()
    assert {status for status, _ in told} == {200}
    assert {answer["predictions"][0] for _, answer in told} <= set(expected)
    assert after == [(200, {"predictions": expected[1:]})] * 10


def test_a_model_that_there_is_no_room_for_is_told_of(checkpoint: air.Checkpoint, deployment: air.Deployment) -> None:
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    many = air.deploy(checkpoint, name="many", replicas=9, port=port)
    with pytest.raises(air.DeployFailed, match="'many' does not answer: DEPLOYING"):
        many.wait(timeout_s=5)
    air.undeploy("many")


def test_a_route_that_is_taken_is_refused(checkpoint: air.Checkpoint, deployment: air.Deployment) -> None:
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    with pytest.raises(air.SettingInvalid, match="Ray Serve refuses 'again' at '/passengers'") as caught:
        air.deploy(checkpoint, name="again", route="/passengers", port=port)
    assert "Traceback" not in str(caught.value)


def test_a_port_that_serve_is_not_at_is_refused_and_none_means_where_it_is(
    checkpoint: air.Checkpoint, deployment: air.Deployment
) -> None:
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    with pytest.raises(air.SettingInvalid, match=f"Ray Serve is up at 127.0.0.1:{port}, .*say port={port}"):
        air.deploy(checkpoint, name="elsewhere", port=port + 1)
    elsewhere = air.deploy(checkpoint, name="elsewhere").wait()
    assert elsewhere.url == f"http://127.0.0.1:{port}/elsewhere"
    assert post(elsewhere.url, passengers(1).drop(columns=["survived"]).iloc[0].to_dict())[0] == 200
    air.undeploy("elsewhere")


def test_more_rows_than_a_request_may_hold_are_verified_and_a_refusal_is_told(
    checkpoint: air.Checkpoint, deployment: air.Deployment, monkeypatch: pytest.MonkeyPatch
) -> None:
    rows = passengers(30, seed=4)
    monkeypatch.setattr(verification, "MOST_ROWS", 7)
    assert air.verify(checkpoint, rows, deployment=deployment)["served"] == 30
    with pytest.raises(air.DeployFailed, match="answers 404"):
        air.verify(checkpoint, rows, deployment=deployment.url + "x")


def test_times_are_served_as_they_are_predicted_for_here(deployment: air.Deployment) -> None:
    import pandas as pd

    frame = passengers()[["survived", "fare"]].assign(when=pd.date_range("2026", periods=400))
    month = air.BatchMapper(lambda rows: rows.assign(month=rows["when"].dt.month).drop(columns=["when"]))
    checkpoint = (
        air.XGBoostTrainer(
            label_column="survived",
            params={"objective": "binary:logistic"},
            preprocessor=month,
            datasets={"train": air.from_pandas(frame)},
            scaling=air.Scaling(cpus_per_worker=1),
        )
        .fit()
        .checkpoint
    )
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    timed = air.deploy(checkpoint, name="timed", port=port).wait()
    rows = [{"fare": row.fare, "when": row.when.isoformat()} for row in frame.head(40).itertuples()]
    assert post(timed.url, rows) == (200, {"predictions": checkpoint.predict(frame.head(40))["predictions"].tolist()})
    status, answer = post(timed.url, {"fare": 1, "when": "soon"})
    assert (status, "column 'when'" in answer["detail"][0]["msg"]) == (422, True)
    air.undeploy("timed")


def test_health_and_schema_are_told(deployment: air.Deployment) -> None:
    with urlopen(f"{deployment.url}/health") as answer:
        assert json.load(answer)["status"] == "ok"
    with urlopen(f"{deployment.url}/schema") as answer:
        told = json.load(answer)
    assert told["required"] == ["pclass", "sex", "age", "fare", "embarked"]
    assert told["properties"]["sex"] == {"type": ["string", "null"]}


def test_openapi_and_its_page_say_what_is_taken(checkpoint: air.Checkpoint, deployment: air.Deployment) -> None:
    with urlopen(f"{deployment.url}/openapi.json") as answer:
        told = json.load(answer)
    assert told["components"]["schemas"]["Row"]["required"] == list(checkpoint.schema.kinds)
    assert list(told["paths"]) == ["/passengers", "/passengers/health"]
    with urlopen(f"{deployment.url}/docs") as answer:
        assert "<td>embarked</td><td>text</td>" in answer.read().decode()


def test_who_does_not_know_the_token_is_told_nothing(checkpoint: air.Checkpoint, deployment: air.Deployment) -> None:
    port = int(deployment.url.rpartition(":")[2].partition("/")[0])
    closed = air.deploy(checkpoint, name="closed", port=port, token="open sesame").wait()
    row = {"pclass": 1, "sex": "female", "age": None, "fare": 80, "embarked": "C"}
    assert post(closed.url, row)[0] == 401
    for below in ("schema", "openapi.json", "docs"):
        with pytest.raises(HTTPError, match="401"):
            urlopen(f"{closed.url}/{below}")
    with pytest.raises(HTTPError, match="401"):
        urlopen(Request(closed.url, json.dumps(row).encode(), {"Authorization": "Bearer open"}))
    with urlopen(f"{closed.url}/health") as answer:
        assert json.load(answer) == {"status": "ok"}
    asked = Request(closed.url, json.dumps(row).encode(), {"Authorization": "Bearer open sesame"})
    with urlopen(asked, timeout=60) as answer:
        assert len(json.load(answer)["predictions"]) == 1
    assert "sesame" not in repr(closed)
    air.undeploy("closed")
