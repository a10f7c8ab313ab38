"""What the lab asks of its own API server: small requests as the administrator."""

import http.client
import json
import ssl
import time
from typing import Any

from lab.errors import LabError
from lab.folders import Run
from lab.network import network_of
from lab.processes import Process, check_alive

POLL_S = 0.2
REQUEST_S = 10.0
JSON = "application/json"
APPLY = "application/apply-patch+yaml"


def ask(run: Run, path: str, *, method: str = "GET", body: Any = None, content: str = JSON) -> tuple[int, bytes]:
    """Status and body of an answer. ``OSError`` or ``http.client.HTTPException`` where there is none."""
    context = ssl.create_default_context(cafile=str(run.folder / "ca.crt"))
    context.load_cert_chain(run.folder / "admin.crt", run.folder / "admin.key")
    link = http.client.HTTPSConnection("127.0.0.1", network_of(run).port("api"), timeout=REQUEST_S, context=context)
    try:
        link.request(method, path, None if body is None else json.dumps(body), {"Content-Type": content})
        answer = link.getresponse()
        return answer.status, answer.read()
    finally:
        link.close()


def get(run: Run, path: str) -> Any:
    """A decoded object; None where there is none (404, or no answer)."""
    try:
        status, body = ask(run, path)
    except (OSError, http.client.HTTPException):
        return None
    return json.loads(body) if status == http.HTTPStatus.OK else None


def conditions(found: dict[str, Any]) -> dict[str, str]:
    """The conditions of an object's status, as ``{"Ready": "True"}``."""
    return {each["type"]: each["status"] for each in found.get("status", {}).get("conditions", [])}


def apply(run: Run, path: str, body: dict[str, Any]) -> None:
    """Server-side apply at the path of an object."""
    query = "?fieldManager=lab&force=true"
    status, answer = ask(run, path + query, method="PATCH", body=body, content=APPLY)
    if status not in (http.HTTPStatus.OK, http.HTTPStatus.CREATED):
        raise LabError(f"the API server refused {path}: {answer.decode(errors='replace')[:300]}", "see the lab's logs")


def wait_for_answer(run: Run, path: str, within_s: float, process: Process) -> None:
    """Wait until a path answers 200. ``LabError`` when the process ends before, or time is up."""
    end = time.monotonic() + within_s
    while True:
        check_alive(run, process)
        try:
            if ask(run, path)[0] == http.HTTPStatus.OK:
                return
        except (OSError, http.client.HTTPException):
            pass  # it doesn't listen yet
        if time.monotonic() > end:
            raise LabError(f"{path} did not answer within {within_s:.0f} s", f"see {run.log(process.name)}")
        time.sleep(POLL_S)
