"""What runs in a replica of Ray Serve."""

import hmac
import json
from typing import Any

from ray import serve
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, Response

from shoal.air.checkpoint import Checkpoint
from shoal.air.errors import AirError
from shoal.air.gathering import Gathering
from shoal.air.openapi import document, page
from shoal.air.predictor import Predictor
from shoal.air.rows import json_schema
from shoal.air.serving import refusal, rows_in

AT_ONCE = 128
"""Requests that a replica takes in: with Ray Serve's five, none are left to be predicted together, and those that wait
outside are tried again only after a pause."""


def application(checkpoint: Checkpoint, *, replicas: int, batch_rows: int, batch_wait_s: float, token: str) -> Any:
    """The Serve application of a checkpoint."""
    deployment = serve.deployment(num_replicas=replicas, max_ongoing_requests=max(AT_ONCE, 2 * batch_rows))(Served)
    return deployment.bind(checkpoint, batch_rows, batch_wait_s, token)


class Served:
    """Predicts for requests, those that arrive together in one go."""

    def __init__(self, checkpoint: Checkpoint, batch_rows: int, batch_wait_s: float, token: str) -> None:
        self.predictor = Predictor(checkpoint)
        self.token = token
        self.together = Gathering(self._answers, most=batch_rows, wait_s=batch_wait_s)

    async def __call__(self, request: Request) -> Response:
        """One request. Whether it lives is told to anyone, all else to those who know the token."""
        what = request.url.path.rpartition("/")[2] if request.method == "GET" else ""
        if what != "health" and not self._knows_token(request.headers.get("Authorization", "")):
            challenge = {"WWW-Authenticate": "Bearer"}
            return JSONResponse({"detail": "Authorization: Bearer TOKEN is asked for"}, 401, headers=challenge)
        if request.method == "GET":
            return self._tell(what, str(request.scope.get("root_path", "")))
        if request.method != "POST":
            return JSONResponse({"detail": "POST rows"}, status_code=405)
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError) as error:
            return JSONResponse({"detail": [{"loc": ["body"], "msg": f"no JSON: {error}"}]}, status_code=422)
        rows = rows_in(body)
        wrong = refusal(rows, self.predictor.checkpoint)
        if rows is None or wrong:
            return JSONResponse({"detail": wrong}, status_code=422)
        answer = await self.together(rows)
        if isinstance(answer, AirError):
            return JSONResponse({"detail": [{"loc": ["body"], "msg": str(answer)}]}, status_code=422)
        return JSONResponse({"predictions": answer})

    def _knows_token(self, told: str) -> bool:
        return not self.token or hmac.compare_digest(told.encode(), f"Bearer {self.token}".encode())

    def _tell(self, what: str, route: str) -> Response:
        if what == "health":
            return JSONResponse({"status": "ok"})
        if what == "schema":
            return JSONResponse(json_schema(self.predictor.checkpoint.schema))
        if what == "openapi.json":
            return JSONResponse(document(self.predictor.checkpoint, route, secured=bool(self.token)))
        if what == "docs":
            return HTMLResponse(page(self.predictor.checkpoint, route))
        return JSONResponse(
            {"detail": "POST rows here; GET health, schema, openapi.json or docs below it"}, status_code=404
        )

    def _answers(self, requests: list[list[dict[str, Any]]]) -> list[Any]:
        """The predictions of each request, those of requests that are alike in one go."""
        checkpoint = self.predictor.checkpoint
        alike: dict[Any, list[int]] = {}
        for place, rows in enumerate(requests):
            key = checkpoint.schema.whole_in(rows) if checkpoint.preprocessor is not None else None
            alike.setdefault(key, []).append(place)
        answers: dict[int, Any] = {}
        for places in alike.values():
            answers |= zip(places, self._together([requests[place] for place in places]), strict=True)
        return [answers[place] for place in range(len(requests))]

    def _together(self, requests: list[list[dict[str, Any]]]) -> list[Any]:
        """The same in one go. One that can't be predicted spoils none of the others."""
        try:
            made = predictions(self.predictor, [row for rows in requests for row in rows])
        except AirError:
            return [self._alone(rows) for rows in requests]
        ends = iter(made)
        return [[next(ends) for _ in rows] for rows in requests]

    def _alone(self, rows: list[dict[str, Any]]) -> Any:
        try:
            return predictions(self.predictor, rows)
        except AirError as error:
            return error


def predictions(predictor: Predictor, rows: list[dict[str, Any]]) -> list[Any]:
    """A prediction a row as JSON has it: a value, or a list of one value a class."""
    made = predictor.predict(rows)
    values = made.to_numpy().tolist()
    return [row[0] for row in values] if made.shape[1] == 1 else values
