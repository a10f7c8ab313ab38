"""The Jobs API client against a dashboard made of canned answers, on a real loopback socket."""

import base64
import hashlib
import json
import struct
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from listening import listening
from shoal.engine.http_json import Dashboard
from shoal.engine.jobs import Job, Jobs, JobStatus
from shoal.engine.jobs_errors import (
    DashboardGarbled,
    DashboardUnreachable,
    JobNotFound,
    JobRejected,
    LogUnreadable,
    PackageInvalid,
    Unauthorized,
)
from shoal.engine.jobs_tail import Tail

ID = "raysubmit_1"
Answer = tuple[int, bytes] | None | Callable[[], tuple[int, bytes]]
HANG: Answer = None
"""No answer until the test is over."""


def job_json(status: str = "SUCCEEDED", **more: object) -> bytes:
    return json.dumps({"type": "SUBMISSION", "submission_id": ID, "status": status, "entrypoint": "x", **more}).encode()


class FakeDashboard(ThreadingHTTPServer):
    """Answers from ``answers`` (method and path; a list is used up, its last one stays); sockets play ``tails``."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answers: dict[str, list[Answer]] = {}
        self.tails: list[list[str | int]] = []
        self.seen: list[tuple[str, bytes]] = []
        self.headers_seen: list[dict[str, str]] = []
        self.released = threading.Event()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, call: str) -> Answer:
        answers = self.answers.get(call, [(404, b"nothing here")])
        return answers.pop(0) if len(answers) > 1 else answers[0]


class Handler(BaseHTTPRequestHandler):
    server: FakeDashboard
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        call = f"{self.command} {self.path}"
        self.server.seen.append((call, body))
        self.server.headers_seen.append(dict(self.headers))
        if self.headers.get("Upgrade") == "websocket":
            self.play()
            return
        answer = self.server.answer(call)
        if answer is None:
            self.server.released.wait(10)
            self.close_connection = True
            return
        status, text = answer() if callable(answer) else answer
        if status == 0:
            self.close_connection = True
            return
        self.send_response(status)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    do_GET = do_POST = do_PUT = handle_any  # noqa: N815

    def play(self) -> None:
        """Text is sent as a message, a number as a closing frame with that code; at the end the line goes dead."""
        self.close_connection = True
        if not self.server.tails:
            self.send_error(500)
            return
        key = self.headers["Sec-WebSocket-Key"] + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
        self.send_response(101)
        self.send_header("Upgrade", "websocket")
        self.send_header("Connection", "Upgrade")
        self.send_header("Sec-WebSocket-Accept", base64.b64encode(hashlib.sha1(key.encode()).digest()).decode())
        self.end_headers()
        for step in self.server.tails.pop(0):
            if isinstance(step, int):
                self.wfile.write(bytes([0x88, 2]) + struct.pack("!H", step))
            else:
                data = step.encode()
                self.wfile.write(bytes([0x81, 126]) + struct.pack("!H", len(data)) + data)


@pytest.fixture
def ray() -> Iterator[FakeDashboard]:
    with listening(FakeDashboard()) as server:
        yield server
        server.released.set()


def jobs_of(ray: FakeDashboard, timeout_s: float = 5) -> Jobs:
    return Jobs(ray.address, dashboard=Dashboard(ray.address, "s3cret", timeout_s=timeout_s))


def test_submit_sends_what_was_given_and_the_token_and_nothing_else(ray: FakeDashboard) -> None:
    ray.answers["POST /api/jobs/"] = [(200, json.dumps({"submission_id": ID, "job_id": ID}).encode())]
    got = jobs_of(ray).submit("python ü.py", submission_id=ID, metadata={"a": "b"}, entrypoint_num_cpus=0.5)
    assert got == ID
    assert json.loads(ray.seen[0][1]) == {
        "entrypoint": "python ü.py",
        "submission_id": ID,
        "runtime_env": {},
        "metadata": {"a": "b"},
        "entrypoint_num_cpus": 0.5,
    }
    assert ray.headers_seen[0]["Authorization"] == "Bearer s3cret"


def test_a_lost_answer_to_submit_is_asked_about_rather_than_submitted_twice(ray: FakeDashboard) -> None:
    ray.answers["POST /api/jobs/"] = [(0, b"")]
    ray.answers[f"GET /api/jobs/{ID}"] = [(200, job_json("PENDING"))]
    assert jobs_of(ray).submit("x", submission_id=ID) == ID
    assert [call for call, _ in ray.seen] == ["POST /api/jobs/", f"GET /api/jobs/{ID}"]


def test_a_cluster_that_has_no_agent_yet_is_asked_again(ray: FakeDashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.engine.jobs.AGENT_POLL_S", 0)
    no_agent = b"RuntimeError: No available agent to submit job, please try again later."
    done = json.dumps({"submission_id": ID, "job_id": ID}).encode()
    ray.answers["POST /api/jobs/"] = [(500, no_agent), (500, no_agent), (200, done)]
    assert jobs_of(ray).submit("x", submission_id=ID) == ID
    assert len(ray.seen) == 3


def test_a_submission_that_never_arrived_is_an_error(ray: FakeDashboard) -> None:
    ray.answers["POST /api/jobs/"] = [(0, b"")]
    with pytest.raises(DashboardUnreachable):
        jobs_of(ray).submit("x", submission_id=ID)


def test_a_working_dir_is_uploaded_only_when_the_cluster_lacks_it(ray: FakeDashboard, tmp_path: Path) -> None:
    (tmp_path / "a.py").write_text("print(1)")
    ray.answers["POST /api/jobs/"] = [(200, json.dumps({"submission_id": ID}).encode())]
    jobs = jobs_of(ray)
    with pytest.raises(JobRejected):  # the fake answers 404 to the upload too
        jobs.submit("x", working_dir=tmp_path)
    put = next(call for call, _ in ray.seen if call.startswith("PUT"))
    assert put.startswith("PUT /api/packages/gcs/_ray_pkg_")
    ray.answers[put] = [(200, b"")]
    jobs.submit("x", working_dir=tmp_path)
    uri = "gcs://" + put.rpartition("/")[2]
    assert json.loads(ray.seen[-1][1])["runtime_env"] == {"working_dir": uri}
    ray.answers[put.replace("PUT", "GET")] = [(200, b"")]
    ray.seen.clear()
    jobs.submit("x", runtime_env={"working_dir": "s3://other.zip"}, working_dir=tmp_path)
    assert [call.split()[0] for call, _ in ray.seen] == ["GET", "POST"]
    assert json.loads(ray.seen[-1][1])["runtime_env"] == {"working_dir": uri}


def test_a_working_dir_that_is_missing_stops_before_anything_is_sent(ray: FakeDashboard, tmp_path: Path) -> None:
    with pytest.raises(PackageInvalid, match="neither a folder nor an archive"):
        jobs_of(ray).submit("x", working_dir=tmp_path / "nope")
    assert ray.seen == []


NESTED = b"""Traceback (most recent call last):
  File "job_head.py", line 1, in submit_job
RuntimeError: Request failed with status code 400: Traceback (most recent call last):
  File "job_manager.py", line 2, in submit_job
ValueError: Job with submission_id raysubmit_1 already exists. Please use a different submission_id.
.
"""


@pytest.mark.parametrize(
    ("answer", "error", "words"),
    [
        ((401, b"x"), Unauthorized, "asks for a token"),
        ((403, b"x"), Unauthorized, "refused the token"),
        ((404, b"Job does not exist"), JobNotFound, "no job 'raysubmit_1'"),
        ((500, NESTED), JobRejected, "Ray refused: Job with submission_id raysubmit_1 already exists. Please use"),
        ((400, b"Can only stop submission type jobs"), JobRejected, "Can only stop submission type jobs"),
        ((500, b""), DashboardGarbled, "HTTP 500 with nothing in it"),
        ((502, b"<html>Bad gateway</html>"), DashboardGarbled, "web page"),
        ((200, b"<html>Welcome</html>"), DashboardGarbled, "not one of Ray's"),
        ((200, b'{"type": "SUBMISSION", "sta'), DashboardGarbled, "truncated"),
        ((200, b"\xff\xfe"), DashboardGarbled, "not one of Ray's"),
        ((200, b"[]"), DashboardGarbled, "Expected `object`"),
        ((0, b""), DashboardUnreachable, "does not answer"),
    ],
)
def test_every_bad_answer_is_one_typed_error(
    ray: FakeDashboard, answer: Answer, error: type[Exception], words: str
) -> None:
    ray.answers[f"GET /api/jobs/{ID}"] = [answer]
    with pytest.raises(error, match=words):
        jobs_of(ray).get(ID)


def test_silence_is_given_up_after_the_timeout(ray: FakeDashboard) -> None:
    ray.answers[f"GET /api/jobs/{ID}"] = [HANG]
    with pytest.raises(DashboardUnreachable, match=r"no answer within 0\.05 s"):
        jobs_of(ray, timeout_s=0.05).get(ID)


def test_nobody_listening_and_an_address_that_is_none_are_unreachable(ray: FakeDashboard) -> None:
    with pytest.raises(DashboardUnreachable, match="refused"):
        Jobs("http://127.0.0.1:9").get(ID)
    with pytest.raises(DashboardUnreachable, match="not the address"):
        Jobs("auto")


def test_an_idle_connection_that_the_server_closed_is_opened_again(ray: FakeDashboard) -> None:
    ray.answers[f"GET /api/jobs/{ID}"] = [(200, job_json()), (0, b""), (200, job_json("FAILED"))]
    jobs = jobs_of(ray)
    assert jobs.get(ID).status is JobStatus.SUCCEEDED
    assert jobs.get(ID).status is JobStatus.FAILED


def test_proxies_of_the_environment_are_ignored(ray: FakeDashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("http_proxy", "HTTP_PROXY", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    ray.answers[f"GET /api/jobs/{ID}"] = [(200, job_json())]
    ray.answers[f"GET /api/jobs/{ID}/logs"] = [(200, b'{"logs": "hi\\n"}')]
    ray.tails = [["hi\n"]]
    assert "".join(jobs_of(ray).follow(ID)) == "hi\n"


@pytest.mark.parametrize(
    ("status", "code", "expected"),
    [
        ("PENDING", None, None),
        ("RUNNING", None, None),
        ("SUCCEEDED", 0, 0),
        ("FAILED", 7, 7),
        ("FAILED", -9, 1),
        ("FAILED", None, 1),
        ("STOPPED", None, 130),
    ],
)
def test_the_exit_code_is_that_of_the_entrypoint(status: str, code: int | None, expected: int | None) -> None:
    job = Job(type="SUBMISSION", status=JobStatus(status), entrypoint="x", driver_exit_code=code)
    assert job.exit_code == expected


def test_list_is_oldest_first_and_keeps_drivers(ray: FakeDashboard) -> None:
    rows: list[dict[str, Any]] = [
        {"type": "SUBMISSION", "submission_id": "b", "status": "RUNNING", "entrypoint": "x", "start_time": 2},
        {"type": "DRIVER", "job_id": "01", "status": "RUNNING", "entrypoint": "", "start_time": 1, "new_field": 1},
    ]
    ray.answers["GET /api/jobs/"] = [(200, json.dumps(rows).encode())]
    assert [job.submission_id for job in jobs_of(ray).list()] == [None, "b"]


def test_stop_says_whether_there_was_something_to_stop(ray: FakeDashboard) -> None:
    ray.answers[f"POST /api/jobs/{ID}/stop"] = [(200, b'{"stopped": true}'), (200, b'{"stopped": false}')]
    jobs = jobs_of(ray)
    assert (jobs.stop(ID), jobs.stop(ID)) == (True, False)


def test_a_job_id_with_slashes_cannot_reach_another_route(ray: FakeDashboard) -> None:
    with pytest.raises(JobNotFound):
        jobs_of(ray).get("../packages?x")
    assert ray.seen[0][0] == "GET /api/jobs/..%2Fpackages%3Fx"


def follow(ray: FakeDashboard, states: list[bytes], log: str | Answer, tails: list[list[str | int]]) -> str:
    ray.answers[f"GET /api/jobs/{ID}"] = [(200, state) for state in states]
    whole: Answer = (200, json.dumps({"logs": log}).encode()) if isinstance(log, str) else log
    ray.answers[f"GET /api/jobs/{ID}/logs"] = [whole]
    ray.tails = tails
    return "".join(jobs_of(ray).follow(ID))


RUNNING, DONE = job_json("RUNNING"), job_json()


def test_the_last_line_is_given_though_the_socket_never_brought_it(ray: FakeDashboard) -> None:
    log = "one\ntwo\nlast without newline"
    assert follow(ray, [RUNNING, DONE], log, [["one\n"]]) == log


def test_a_dropped_socket_is_opened_again_and_nothing_is_given_twice(ray: FakeDashboard) -> None:
    log = "eins\nzwölf ✓\ndrei\n"
    tails: list[list[str | int]] = [["eins\n", "zwölf"], ["eins\n", "zwölf ✓\n"], []]
    assert follow(ray, [RUNNING, RUNNING, RUNNING, DONE], log, tails) == log


def test_a_socket_that_can_never_be_opened_costs_no_line(ray: FakeDashboard) -> None:
    assert follow(ray, [RUNNING, DONE], "all\nof it", []) == "all\nof it"


def test_a_job_that_never_started_has_an_empty_log(ray: FakeDashboard) -> None:
    assert follow(ray, [job_json("FAILED", message="no such package")], "", [[1000]]) == ""


def test_a_log_counted_otherwise_by_the_socket_is_finished_by_the_socket(ray: FakeDashboard) -> None:
    """A \\r\\n that the socket met in two parts is one character more there."""
    tails: list[list[str | int]] = [["50%\n\n"], ["50%\n\n", "done\n", 1000]]
    assert follow(ray, [RUNNING, DONE], "50%\ndone\n", tails) == "50%\n\ndone\n"


def test_a_very_long_log_is_finished_by_the_socket_alone(ray: FakeDashboard, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("shoal.engine.jobs_follow.WHOLE_LOG_LIMIT", 0)
    tails: list[list[str | int]] = [["a\n"], ["a\n", "b\n", 1000]]
    assert follow(ray, [RUNNING, DONE], (500, b"too long"), tails) == "a\nb\n"


def test_a_log_that_ray_cannot_read_is_said_and_what_came_before_is_kept(ray: FakeDashboard) -> None:
    ray.answers[f"GET /api/jobs/{ID}"] = [(200, RUNNING), (200, DONE)]
    ray.answers[f"GET /api/jobs/{ID}/logs"] = [(500, b"UnicodeDecodeError: 'utf-8' codec can't decode")]
    ray.tails = [["fine\n"]]
    pieces = jobs_of(ray).follow(ID)
    assert next(pieces) == "fine\n"
    with pytest.raises(LogUnreadable):
        next(pieces)


def test_following_an_unknown_job_says_so(ray: FakeDashboard) -> None:
    with pytest.raises(JobNotFound):
        list(jobs_of(ray).follow(ID))


def test_only_a_close_in_order_finishes_a_tail(ray: FakeDashboard) -> None:
    for code, finished in ((1000, True), (1011, False)):
        ray.tails = [["a\n", code]]
        tail = Tail(Dashboard(ray.address, ""), ID)
        assert tail.receive(5) == "a\n"
        assert tail.receive(5) is None
        assert tail.finished is finished
        tail.close()
