"""What the binaries of KubeRay's tests print, read."""

from lab.kuberay_tests import Result, results_of

PRINTED = """\
=== RUN   TestOne
    raycluster_test.go:30: --- PASS is only said here
--- FAIL: TestOne (26.31s)
    --- PASS: TestOne/a_part (20.00s)
    --- SKIP: TestOne/another (0.50s)
FAIL
"""


def test_a_test_and_its_parts_are_told_apart() -> None:
    assert results_of(PRINTED, "TestOne", 27.0) == [
        Result("TestOne", "FAIL", 26.31),
        Result("TestOne/a_part", "PASS", 20.0),
        Result("TestOne/another", "SKIP", 0.5),
    ]


def test_a_test_that_was_cut_off_has_failed() -> None:
    printed = "=== RUN   TestOne\n    --- PASS: TestOne/a_part (20.00s)\npanic: test timed out\n"
    assert results_of(printed, "TestOne", 1500.0) == [
        Result("TestOne", "FAIL", 1500.0),
        Result("TestOne/a_part", "PASS", 20.0),
    ]
