"""A checkpoint behind HTTP, on Ray Serve: JSON rows in, predictions out."""

from dataclasses import dataclass, field
from typing import Any

from shoal.air.address import of_serve, wanted
from shoal.air.arguments import expect, expect_count, expect_number
from shoal.air.checkpoint import Checkpoint, expect_checkpoint
from shoal.air.cluster import connect
from shoal.air.errors import DeployFailed, SettingInvalid
from shoal.air.progress import say, settle_ray
from shoal.air.rows import problems

MOST_ROWS = 10_000
"""Rows a request may hold; whole data sets are for BatchPredictor."""


@dataclass(frozen=True)
class Deployment:
    """A model that is served.

    name: of the Serve application. url: where rows are posted to. token: what requests must know, or "".
    """

    name: str
    url: str
    token: str = field(default="", repr=False)

    def wait(self, timeout_s: float = 60.0) -> "Deployment":
        """Return once it answers.

        Raises:
            DeployFailed: it doesn't in time; Serve's own words follow.
        """
        import time

        from ray import serve

        ends = time.monotonic() + timeout_s
        while True:
            status = serve.status().applications.get(self.name)
            if status is not None and status.status == "RUNNING":
                return self
            if status is None or time.monotonic() > ends or status.status in ("DEPLOY_FAILED", "UNHEALTHY"):
                said = f"{status.status.value}: {status.message}" if status else "it was taken down"
                raise DeployFailed(f"{self.name!r} does not answer: {said}", next_step="see the logs of Ray Serve")
            time.sleep(0.1)


def deploy(
    checkpoint: Checkpoint,
    *,
    name: str = "model",
    route: str | None = None,
    replicas: int = 1,
    batch_rows: int = 64,
    batch_wait_s: float = 0.0,
    host: str | None = None,
    port: int | None = None,
    token: str = "",
) -> Deployment:
    """Serve a checkpoint, or put another one in the place of that which is served under ``name``, without a pause.

    It returns at once; `Deployment.wait` does when the model answers, and says so when there is no room for it.

    POST to the route: a row as a JSON object, a list of rows, or ``{"rows": [...]}``; the answer is
    ``{"predictions": [...]}``. A row that does not fit gets 422, with its number and the field. GET ROUTE/health and
    ROUTE/schema say how it is and what it takes, ROUTE/openapi.json and ROUTE/docs do for programs and people.

    batch_rows, batch_wait_s: requests that have come while others were predicted are predicted together, at most so
        many; the first of them may be held back so long for more to come.
    host, port: of the HTTP server. None: where Serve is up already, or else 127.0.0.1 and 8000.
    token: if given, requests without "Authorization: Bearer TOKEN" get 401; all but ROUTE/health.

    Raises:
        SettingInvalid: a route that isn't a path, or that something else is served at; Serve is up at another port.
    """
    expect_checkpoint(checkpoint)
    for what, text in (("name", name), ("route", route or ""), ("token", token)):
        expect(what, text, str, next_step="text is asked for")
    for what, number in (("replicas", replicas), ("batch_rows", batch_rows)):
        expect_count(what, number)
    expect_number("batch_wait_s", batch_wait_s)
    path = route or f"/{name}"
    if not path.startswith("/"):
        raise SettingInvalid(f"route={path!r} doesn't begin with /")
    connect()
    from ray import serve
    from ray.serve.exceptions import RayServeException

    from shoal.air.served import application

    settle_ray()
    up = of_serve()
    at = wanted(host, port, up)
    if up is None:
        serve.start(http_options={"host": at.host, "port": at.port})
    say(f"serving {checkpoint!r} at {path}")
    app = application(checkpoint, replicas=replicas, batch_rows=batch_rows, batch_wait_s=batch_wait_s, token=token)
    try:
        target = serve.RunTarget(app, name=name, route_prefix=path)
        serve.run_many([target], wait_for_ingress_deployment_creation=False, wait_for_applications_running=False)
    except (ValueError, RayServeException) as error:
        said = [line.strip() for line in str(error).splitlines() if line.strip()][-1]
        raise SettingInvalid(f"Ray Serve refuses {name!r} at {path!r}: {said.rstrip('.')}") from None
    return Deployment(name, f"http://{at.host}:{at.port}{path}", token)


def undeploy(name: str = "model") -> None:
    """Take a model down. The HTTP server goes with the last one.

    Raises:
        SettingInvalid: nothing is served under this name.
    """
    connect()
    from ray import serve

    served = serve.status().applications
    if name not in served:
        known = ", ".join(served) or "nothing is"
        raise SettingInvalid(f"nothing is served as {name!r}", next_step=f"served: {known}")
    serve.delete(name)
    if not serve.status().applications:
        serve.shutdown()


def rows_in(body: Any) -> list[Any] | None:
    """The rows of a request's JSON, or None when it holds none."""
    rows = body.get("rows") if isinstance(body, dict) and set(body) == {"rows"} else body
    rows = [rows] if isinstance(rows, dict) else rows
    return rows if isinstance(rows, list) and rows else None


def refusal(rows: list[Any] | None, checkpoint: Checkpoint) -> list[dict[str, Any]]:
    """What is wrong with the `rows_in` a request, an entry a field; empty when nothing is."""
    if rows is None:
        return [{"loc": ["body"], "msg": 'expected a row as an object, a list of rows, or {"rows": [...]}'}]
    if len(rows) > MOST_ROWS:
        return [{"loc": ["body"], "msg": f"{len(rows)} rows are more than {MOST_ROWS}"}]
    return problems(rows, checkpoint.schema)
