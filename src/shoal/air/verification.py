"""Whether a model predicts the same wherever it is asked."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen

from shoal.air.arguments import expect
from shoal.air.batch import PREDICTING, BatchPredictor
from shoal.air.checkpoint import Checkpoint, expect_checkpoint
from shoal.air.cluster import wait_for_room
from shoal.air.dataset import Dataset
from shoal.air.errors import DeployFailed, PredictionsDiffer, SettingInvalid
from shoal.air.kinds import plain
from shoal.air.predictor import Predictor, frame_of
from shoal.air.read import from_ray
from shoal.air.serving import MOST_ROWS
from shoal.air.vectors import is_vector


def verify(checkpoint: Checkpoint, rows: Any, *, deployment: Any = None) -> dict[str, int]:
    """Predict for ``rows`` in this process, by Ray Data and, with a ``deployment`` (or its URL), over HTTP.

    Returns how many rows were compared in each place; to the last bit,
    or as close as the framework can promise (`Framework.tolerance`).

    Raises:
        ClusterUnfit: no CPU for Ray Data gets free.
        DeployFailed: the deployment refuses the rows, or does not answer.
        PredictionsDiffer: the first row where two places do, and both values.
    """
    expect_checkpoint(checkpoint)
    if deployment is not None:
        expect("deployment", getattr(deployment, "url", deployment), str, next_step="what air.deploy gave, or its URL")
    tolerance = checkpoint.framework.tolerance
    frame = frame_of(rows).reset_index(drop=True)
    here = Predictor(checkpoint).predict(frame)
    wait_for_room({"CPU": 1}, PREDICTING)  # without it Ray Data hangs before it has the rows
    by_ray = BatchPredictor(checkpoint).predict(from_ray(Dataset(frame=frame).to_ray())).to_pandas()
    _compare(here.to_numpy().tolist(), by_ray.to_numpy().tolist(), "Ray Data", tolerance)
    compared = {"in-process": len(frame), "batch": len(frame)}
    if deployment is not None:
        url, token = getattr(deployment, "url", deployment), getattr(deployment, "token", "")
        served = _served(url, token, frame[list(checkpoint.schema.kinds)])
        _compare(here.to_numpy().tolist(), served, "HTTP", tolerance)
        compared["served"] = len(frame)
    return compared


def _served(url: str, token: str, frame: Any) -> list[list[Any]]:
    rows = as_json(frame)
    headers = {"Content-Type": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    told: list[Any] = []
    for start in range(0, len(rows), MOST_ROWS):
        request = _request(url, json.dumps(rows[start : start + MOST_ROWS]).encode(), headers)
        try:
            with urlopen(request, timeout=60) as answer:  # noqa: S310
                told += json.load(answer)["predictions"]
        except HTTPError as error:
            raise DeployFailed(f"{url} answers {error.code}: {error.read().decode(errors='replace')}") from error
        except OSError as error:
            raise DeployFailed(f"{url} does not answer: {error}") from error
    return [value if isinstance(value, list) else [value] for value in told]


def as_json(frame: Any) -> list[dict[str, Any]]:
    """The rows of a DataFrame as a request has them."""
    return [{name: _plain(value) for name, value in row.items()} for row in frame.to_dict("records")]


def _request(url: str, body: bytes, headers: dict[str, str]) -> Request:
    try:
        return Request(url, body, headers)  # noqa: S310 - the caller's
    except ValueError as error:
        raise SettingInvalid(f"deployment={url!r} is no URL", next_step="as http://127.0.0.1:8000/model") from error


def _plain(value: Any) -> Any:
    import pandas as pd

    if is_vector(value):
        return [_plain(element) for element in value]
    if pd.isna(value):
        return None
    if hasattr(value, "isoformat"):
        return value.isoformat()
    return plain(value)


def _compare(here: list[list[Any]], there: list[list[Any]], place: str, tolerance: float) -> None:
    if len(here) != len(there):
        raise PredictionsDiffer(f"{place} gave {len(there)} predictions for {len(here)} rows")
    for row, (one, other) in enumerate(zip(here, there, strict=True)):
        if one != other and not _close(one, other, tolerance):
            raise PredictionsDiffer(f"row {row}: {one} in this process, {other} by {place}")


def _close(one: list[Any], other: list[Any], tolerance: float) -> bool:
    """Whether two predictions differ by so little of the largest number in them, or of 1, as rounding explains."""
    if not tolerance:
        return False
    size = max(1.0, *map(abs, one))
    return all(abs(left - right) <= tolerance * size for left, right in zip(one, other, strict=True))
