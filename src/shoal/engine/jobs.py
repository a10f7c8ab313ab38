"""Ray's Job Submission API over HTTP, without importing ray."""

import secrets
import string
import time
from collections.abc import Iterator, Mapping
from enum import StrEnum
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import quote

import msgspec

from shoal.engine.http_json import Dashboard, decode
from shoal.engine.jobs_errors import DashboardUnreachable, JobNotFound, JobRejected

STOPPED_EXIT_CODE = 130
"""A stopped job ends as an interrupted command does: someone asked for it, and it is not a success."""

AGENT_PATIENCE_S = 30.0
AGENT_POLL_S = 0.5
NO_AGENT_YET = "No available agent"

T = TypeVar("T")
_ID_ALPHABET = string.ascii_letters + string.digits


class JobStatus(StrEnum):
    """Ray's states of a job; the last three are final."""

    PENDING = "PENDING"
    RUNNING = "RUNNING"
    STOPPED = "STOPPED"
    SUCCEEDED = "SUCCEEDED"
    FAILED = "FAILED"


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """One job as the cluster reports it.

    submission_id: None for a driver that was started by hand rather than submitted.
    job_id: Ray Core's id, None until the entrypoint connects to Ray.
    start_time, end_time: milliseconds since the epoch.
    driver_exit_code: of the entrypoint's shell; negative when a signal ended it, None while it has not ended.
    """

    type: str
    status: JobStatus
    entrypoint: str
    submission_id: str | None = None
    job_id: str | None = None
    message: str | None = None
    error_type: str | None = None
    start_time: int | None = None
    end_time: int | None = None
    metadata: dict[str, str] | None = None
    runtime_env: dict[str, Any] | None = None
    driver_node_id: str | None = None
    driver_exit_code: int | None = None

    @property
    def ended(self) -> bool:
        """Whether its state is final."""
        return self.status not in (JobStatus.PENDING, JobStatus.RUNNING)

    @property
    def exit_code(self) -> int | None:
        """What a command that followed it should exit with; None while it has not ended.

        0 for success, the entrypoint's own code for a failure (1 where it has none: killed by a signal or never
        started), 130 for a stopped one.
        """
        if not self.ended:
            return None
        if self.status is JobStatus.FAILED:
            return self.driver_exit_code if (self.driver_exit_code or 0) > 0 else 1
        return STOPPED_EXIT_CODE if self.status is JobStatus.STOPPED else 0


class _Submitted(msgspec.Struct):
    submission_id: str


class _Stopped(msgspec.Struct):
    stopped: bool


class _Logs(msgspec.Struct):
    logs: str


class Jobs:
    """The jobs of one cluster.

    address: of the dashboard, ``http://127.0.0.1:PORT``. token: "" when the cluster has no authentication.
    Every method raises DashboardUnreachable, Unauthorized, DashboardGarbled and JobRejected.
    """

    def __init__(self, address: str, token: str = "", *, dashboard: Dashboard | None = None) -> None:
        self.dashboard = dashboard or Dashboard(address, token)

    def submit(
        self,
        entrypoint: str,
        *,
        runtime_env: Mapping[str, Any] | None = None,
        working_dir: Path | str | None = None,
        submission_id: str | None = None,
        metadata: Mapping[str, str] | None = None,
        entrypoint_num_cpus: float | None = None,
        entrypoint_num_gpus: float | None = None,
        entrypoint_memory: int | None = None,
        entrypoint_resources: Mapping[str, float] | None = None,
    ) -> str:
        """Start ``entrypoint`` (a shell command line) on the cluster and return its submission id.

        working_dir: a local folder or archive, which is uploaded, or a URI; it overrides that of ``runtime_env``.
        entrypoint_memory: bytes. Raises also RuntimeEnvInvalid, PackageInvalid and PackageTooLarge.
        """
        from shoal.engine.package_env import prepare

        job_id = submission_id or new_submission_id()
        request = {
            "entrypoint": entrypoint,
            "submission_id": job_id,
            "runtime_env": prepare(runtime_env or {}, working_dir, self.dashboard),
            "metadata": dict(metadata or {}),
            "entrypoint_num_cpus": entrypoint_num_cpus,
            "entrypoint_num_gpus": entrypoint_num_gpus,
            "entrypoint_memory": entrypoint_memory,
            "entrypoint_resources": dict(entrypoint_resources) if entrypoint_resources else None,
        }
        body = msgspec.json.encode({key: value for key, value in request.items() if value is not None})
        return self._post(body, job_id)

    def get(self, submission_id: str) -> Job:
        """The job as it is now. Raises JobNotFound."""
        return self._about(submission_id, Job, "GET", "")

    def list(self) -> tuple[Job, ...]:
        """Every job the cluster remembers, oldest first, drivers that were not submitted among them."""
        reply = self.dashboard.request("GET", "/api/jobs/")
        jobs = decode(reply, tuple[Job, ...], self.dashboard.address)
        return tuple(sorted(jobs, key=lambda job: (job.start_time or 0, job.submission_id or "")))

    def stop(self, submission_id: str) -> bool:
        """Ask it to end: SIGTERM, then SIGKILL after 3 s. False when it had ended before. Raises JobNotFound."""
        return self._about(submission_id, _Stopped, "POST", "/stop").stopped

    def logs(self, submission_id: str) -> str:
        """Everything it has printed so far. Raises JobNotFound."""
        return self._about(submission_id, _Logs, "GET", "/logs").logs

    def follow(self, submission_id: str) -> Iterator[str]:
        """Its log from the start, in pieces as they come, until the job has ended and all of it was given.

        The pieces joined are the log. ``get`` then has the final state. Raises JobNotFound and LogUnreadable.
        """
        from shoal.engine.jobs_follow import follow
        from shoal.engine.jobs_tail import Tail

        return follow(self, Tail(self.dashboard, submission_id), submission_id)

    def _about(self, submission_id: str, shape: type[T], method: str, rest: str) -> T:
        reply = self.dashboard.request(method, f"/api/jobs/{quote(submission_id, safe='')}{rest}")
        if reply.status == 404:
            raise JobNotFound(
                f"there is no job {submission_id!r}",
                where=self.dashboard.address,
                next_step="`shoal jobs NAME` lists the jobs",
            )
        return decode(reply, shape, self.dashboard.address)

    def _post(self, body: bytes, submission_id: str) -> str:
        """POST it, again and again while a cluster that has just started has no agent yet to run jobs."""
        deadline = time.monotonic() + AGENT_PATIENCE_S
        while True:
            try:
                return self._post_once(body, submission_id)
            except JobRejected as rejected:
                if NO_AGENT_YET not in rejected.what or time.monotonic() > deadline:
                    raise
            time.sleep(AGENT_POLL_S)

    def _post_once(self, body: bytes, submission_id: str) -> str:
        """POST it so that a connection that drops halfway neither loses the job nor starts it twice."""
        try:
            reply = self.dashboard.request("POST", "/api/jobs/", body)
        except DashboardUnreachable:
            if self._arrived(submission_id):
                return submission_id
            raise
        return decode(reply, _Submitted, self.dashboard.address).submission_id

    def _arrived(self, submission_id: str) -> bool:
        try:
            self.get(submission_id)
        except (JobNotFound, DashboardUnreachable):
            return False
        return True


def new_submission_id() -> str:
    """A fresh id in the form of Ray's own. Ours to choose, so that a lost answer can be asked about."""
    return "raysubmit_" + "".join(secrets.choice(_ID_ALPHABET) for _ in range(16))
