"""submit, jobs and job, on jobs that only seem to run."""

import json
from collections.abc import Callable, Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pytest

from shoal.cli.main import run
from shoal.engine.jobs import Job, JobStatus
from shoal.engine.jobs_errors import JobNotFound, LogUnreadable

Capture = pytest.CaptureFixture[str]
Play = Callable[[], Iterator[str]]


def a_job(job_id: str, status: str = "SUCCEEDED", **more: Any) -> Job:
    return Job(type="SUBMISSION", status=JobStatus(status), entrypoint="run it", submission_id=job_id, **more)


class FakeJobs:
    """Jobs as the client shows them. play: what following one does."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs = {job.submission_id or "": job for job in jobs}
        self.submitted: list[tuple[str, dict[str, Any]]] = []
        self.ends_as = a_job("new")
        self.play: Play = lambda: iter(["one\n", "two"])

    def submit(self, entrypoint: str, **options: Any) -> str:
        self.submitted.append((entrypoint, {key: value for key, value in options.items() if value is not None}))
        self.jobs[options["submission_id"]] = self.ends_as
        return str(options["submission_id"])

    def get(self, job_id: str) -> Job:
        if job_id not in self.jobs:
            raise JobNotFound(f"there is no job {job_id!r}")
        return self.jobs[job_id]

    def list(self) -> tuple[Job, ...]:
        return tuple(self.jobs.values())

    def logs(self, job_id: str) -> str:
        return f"log of {self.get(job_id).submission_id}\n"

    def follow(self, job_id: str) -> Iterator[str]:
        self.get(job_id)
        yield from self.play()

    def stop(self, job_id: str) -> bool:
        found = self.get(job_id)
        self.jobs[job_id] = found if found.ended else a_job(job_id, "STOPPED")
        return not found.ended


@pytest.fixture
def jobs(monkeypatch: pytest.MonkeyPatch) -> FakeJobs:
    monkeypatch.setenv("NO_COLOR", "1")
    fake = FakeJobs(a_job("raysubmit_old", start_time=1_000, end_time=3_500), a_job("raysubmit_now", "RUNNING"))
    monkeypatch.setattr("shoal.runtime.jobs.jobs_of", lambda cluster: nullcontext(fake))
    return fake


def test_submit_prints_the_log_alone_on_stdout_and_the_id_on_stderr(jobs: FakeJobs, capsys: Capture) -> None:
    assert run(["submit", "demo", "--submission-id", "new", "--", "echo"]) == 0
    out, err = capsys.readouterr()
    assert out == "one\ntwo"
    assert err == "job new\nnew SUCCEEDED\n"


@pytest.mark.parametrize(
    ("argv", "entrypoint"),
    [(["cd x && ls"], "cd x && ls"), (["python", "a b.py", "--n=1"], "python 'a b.py' --n=1")],
)
def test_one_word_is_a_line_for_the_shell_and_several_are_quoted(
    jobs: FakeJobs, argv: list[str], entrypoint: str
) -> None:
    run(["submit", "demo", "--", *argv])
    assert jobs.submitted[0][0] == entrypoint


def test_the_exit_code_of_the_job_is_that_of_submit(jobs: FakeJobs, capsys: Capture) -> None:
    jobs.ends_as = a_job("new", "FAILED", driver_exit_code=7)
    assert run(["submit", "demo", "--", "x"]) == 7
    assert "FAILED, exit code 7" in capsys.readouterr().err
    jobs.ends_as = a_job("new", "STOPPED")
    assert run(["submit", "demo", "--", "x"]) == 130


def test_a_job_that_never_ran_says_why_even_when_quiet(jobs: FakeJobs, capsys: Capture) -> None:
    jobs.ends_as = a_job("new", "FAILED", message="runtime_env setup failed: no such wheel\nTraceback")
    assert run(["--quiet", "submit", "demo", "--", "x"]) == 1
    err = capsys.readouterr().err
    assert err.startswith("error[E410]: new: the job did not run to its end: runtime_env setup failed: no such wheel\n")
    assert "Traceback" not in err


def test_ctrl_c_detaches_and_says_how_to_come_back(jobs: FakeJobs, capsys: Capture) -> None:
    def play() -> Iterator[str]:
        yield "begun\n"
        raise KeyboardInterrupt

    jobs.play, jobs.ends_as = play, a_job("new", "RUNNING")
    assert run(["submit", "demo", "--submission-id", "new", "--", "x"]) == 130
    out, err = capsys.readouterr()
    assert out == "begun\n"
    assert "shoal job logs demo new --follow" in err
    assert "shoal job stop demo new" in err
    assert jobs.get("new").status == "RUNNING"


def test_ctrl_c_while_submitting_says_how_to_learn_what_became_of_it(
    jobs: FakeJobs, monkeypatch: pytest.MonkeyPatch, capsys: Capture
) -> None:
    def interrupted(entrypoint: str, **options: Any) -> str:
        raise KeyboardInterrupt

    monkeypatch.setattr(jobs, "submit", interrupted)
    assert run(["submit", "demo", "--submission-id", "new", "--", "x"]) == 130
    assert "shoal job status demo new" in capsys.readouterr().err


def test_a_log_that_breaks_off_does_not_hide_the_exit_code(jobs: FakeJobs, capsys: Capture) -> None:
    def play() -> Iterator[str]:
        yield "begun\n"
        raise LogUnreadable("the rest can't be read")

    jobs.play, jobs.ends_as = play, a_job("new", "FAILED", driver_exit_code=3)
    assert run(["submit", "demo", "--", "x"]) == 3
    assert "error[E406]" in capsys.readouterr().err


def test_no_wait_prints_only_the_id_on_stdout(jobs: FakeJobs, capsys: Capture) -> None:
    assert run(["submit", "demo", "--no-wait", "--submission-id", "new", "--", "x"]) == 0
    assert tuple(capsys.readouterr()) == ("new\n", "")


def test_what_the_job_asks_for_is_passed_on(jobs: FakeJobs, tmp_path: Path) -> None:
    (tmp_path / "env.yaml").write_text("pip: [numpy]")
    options = ["--working-dir", "w", "--runtime-env", str(tmp_path / "env.yaml"), "--metadata-json", '{"team": "blue"}']
    options += ["--entrypoint-num-cpus", "0.5", "--entrypoint-memory", "99", "--entrypoint-resources", '{"special": 1}']
    assert run(["submit", "demo", *options, "--submission-id", "new", "--", "x"]) == 0
    assert jobs.submitted == [
        (
            "x",
            {
                "working_dir": "w",
                "runtime_env": {"pip": ["numpy"]},
                "submission_id": "new",
                "metadata": {"team": "blue"},
                "entrypoint_num_cpus": 0.5,
                "entrypoint_memory": 99,
                "entrypoint_resources": {"special": 1.0},
            },
        )
    ]


@pytest.mark.parametrize(
    "options",
    [
        ["--runtime-env-json", "{"],
        ["--runtime-env-json", "[]"],
        ["--metadata-json", '{"a": 1}'],
        ["--entrypoint-resources", '{"a": "b"}'],
        ["--runtime-env", "f", "--runtime-env-json", "{}"],
        ["--no-such-option"],
    ],
)
def test_options_that_make_no_sense_submit_nothing(jobs: FakeJobs, options: list[str]) -> None:
    assert run(["submit", "demo", *options, "--", "x"]) == 2
    assert jobs.submitted == []


def test_jobs_are_listed_with_how_long_they_ran(jobs: FakeJobs, capsys: Capture) -> None:
    assert run(["jobs", "demo", "-o", "json"]) == 0
    old, now = json.loads(capsys.readouterr().out)
    assert (old["name"], old["status"], old["seconds"], old["exit_code"]) == ("raysubmit_old", "SUCCEEDED", 2.5, 0)
    assert (now["status"], now["seconds"], now["exit_code"]) == ("RUNNING", None, None)
    assert run(["jobs", "demo", "-o", "name"]) == 0
    assert capsys.readouterr().out == "raysubmit_old\nraysubmit_now\n"


def test_no_jobs_is_no_failure(jobs: FakeJobs, capsys: Capture) -> None:
    jobs.jobs.clear()
    assert run(["jobs", "demo"]) == 0
    assert "shoal submit demo" in capsys.readouterr().err


def test_job_logs_prints_what_there_is_and_following_ends_as_the_job_does(jobs: FakeJobs, capsys: Capture) -> None:
    assert run(["job", "logs", "demo", "raysubmit_old"]) == 0
    assert capsys.readouterr().out == "log of raysubmit_old\n"
    jobs.jobs["failed"] = a_job("failed", "FAILED", driver_exit_code=5)
    assert run(["job", "logs", "demo", "failed", "--follow"]) == 5
    assert capsys.readouterr().out == "one\ntwo"


def test_job_stop_waits_for_the_end_and_tells_when_there_was_nothing_to_stop(jobs: FakeJobs, capsys: Capture) -> None:
    assert run(["job", "stop", "demo", "raysubmit_now"]) == 0
    assert capsys.readouterr().err == "raysubmit_now STOPPED\n"
    assert run(["job", "stop", "demo", "raysubmit_old"]) == 0
    assert "had ended before: SUCCEEDED" in capsys.readouterr().err


def test_job_status_shows_why_it_failed(jobs: FakeJobs, capsys: Capture) -> None:
    jobs.jobs["failed"] = a_job("failed", "FAILED", message="first line\nsecond line", driver_exit_code=1)
    assert run(["job", "status", "demo", "failed"]) == 0
    out, err = capsys.readouterr()
    assert "FAILED" in out
    assert err == "first line\nsecond line\n"


@pytest.mark.parametrize("verb", ["logs", "status", "stop"])
def test_a_wrong_id_names_the_nearest(jobs: FakeJobs, capsys: Capture, verb: str) -> None:
    assert run(["job", verb, "demo", "raysubmit_olt"]) == 2
    err = capsys.readouterr().err
    assert "error[E403]: demo: there is no job 'raysubmit_olt'" in err
    assert "did you mean 'raysubmit_old'?" in err


def test_the_head_being_down_is_said_without_a_traceback(cluster: Path, capsys: Capture) -> None:
    assert run(["jobs", "demo"]) == 1
    err = capsys.readouterr().err
    assert "error[E401]" in err
    assert "Traceback" not in err
