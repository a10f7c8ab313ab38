"""Names as KubeRay makes them, at the lengths where they are cut."""

import pytest

from shoal.desired.cluster import Role
from shoal.desired.kubernetes.names import check_label, check_name, identifier, pod_prefix, redis_cleanup

LONG = "0123456789" * 7


@pytest.mark.parametrize(
    ("name", "made"),
    [
        ("c", "c"),
        ("a" * 50, "a" * 50),
        (f"x{'a' * 50}", "a" * 50),
        (LONG, f"r{LONG[-49:]}"),
        ("7up", "rup"),
        (f"abc-{'d' * 49}", f"r{'d' * 49}"),
    ],
)
def test_a_name_keeps_its_end_and_begins_with_a_letter(name: str, made: str) -> None:
    assert check_name(name) == made


@pytest.mark.parametrize(
    ("value", "made"), [("c-head", "c-head"), (LONG, LONG[-63:]), (f"ab-{'c' * 62}", f"r{'c' * 62}")]
)
def test_a_labels_value_keeps_its_end_and_may_begin_with_a_digit(value: str, made: str) -> None:
    assert check_label(value) == made


@pytest.mark.parametrize(
    ("cluster", "group", "prefix"),
    [
        ("c", None, "c-head-"),
        ("c", "small-group", "c-small-group-worker-"),
        ("a" * 53, None, f"{'a' * 50}-head-"),
        ("a" * 40, "b" * 20, f"{'a' * 40}-{'b' * 9}-worker-"),
        ("c", "GPU_group", "c-gpu-group-worker-"),
        ("a" * 48, "b.c", f"{'a' * 48}-b-worker-"),
        ("a" * 47, "b.c", f"{'a' * 47}-b-worker-"),
    ],
)
def test_a_pods_name_keeps_the_beginning_and_is_one_that_kubernetes_takes(
    cluster: str, group: str | None, prefix: str
) -> None:
    assert pod_prefix(cluster, group) == prefix


def test_an_identifier_is_cut_as_labels_are() -> None:
    assert identifier("c", Role.HEAD) == "c-head"
    assert identifier("a" * 63, Role.WORKER) == f"{'a' * 56}-worker"


@pytest.mark.parametrize(("cluster", "job"), [("c", "c-redis-cleanup"), ("a" * 53, f"{'a' * 49}-redis-cleanup")])
def test_the_job_that_empties_redis_has_a_name_that_fits_into_a_label(cluster: str, job: str) -> None:
    assert redis_cleanup(cluster) == job
