"""Fixes change what they name and leave all else as it is."""

from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from lint_cases import HERE

from shoal.findings import Edit, Finding, Fix, Severity
from shoal.lint.fixes import apply_fixes
from shoal.lint.run import lint
from shoal.spec.parse import parse

MANIFEST = """# A comment at the top
apiVersion: {version}   # deprecated
kind: RayCluster
metadata: {{name: &name example}}
spec:
  headGroupSpec: &head
    rayStartParams: # both have to be strings
      num-cpus: {cpus}
      {option}: {memory}
    template:
      spec:
        containers: [{{name: *name, image: "rayproject/ray:2.60.0", resources: {{limits: {{cpu: 2, memory: 8Gi}}}}}}]
  workerGroupSpecs:
    - <<: *head
      groupName: a
      replicas: 1
"""
WANTED = {"apiVersion": "ray.io/v1", "num-cpus": "2", "object-store-memory": "2147483648"}
VARIANTS = st.fixed_dictionaries(
    {
        "version": st.sampled_from(["ray.io/v1alpha1", "'ray.io/v1alpha1'", '"ray.io/v1alpha1"', "ray.io/v1"]),
        "cpus": st.sampled_from(['"2"', "'2'", "2"]),
        "option": st.sampled_from(["object-store-memory", "object_store_memory", "--object-store-memory"]),
        "memory": st.sampled_from(['"2Gi"', "'2048Mi'", '"2147483648"', "2Gi"]),
    }
)


def mended(text: str) -> str:
    """The text after as many runs of --fix as change anything."""
    for _ in range(5):
        parsed = parse(text, "x.yaml")
        text, applied = apply_fixes(text, parsed.findings + lint(parsed, HERE))
        if not applied:
            return text
    raise AssertionError(f"fixing doesn't end:\n{text}")


def document_of(text: str) -> Any:
    return parse(text, "x.yaml").documents[0].node.plain()


@given(variant=VARIANTS, ending=st.sampled_from(["\n", "\r\n"]))
def test_fixing_mends_every_variant_and_keeps_the_rest(variant: dict[str, str], ending: str) -> None:
    text = MANIFEST.format(**variant).replace("\n", ending)
    good = MANIFEST.format(version="ray.io/v1", cpus='"2"', option="object-store-memory", memory='"2147483648"')
    fixed = mended(text)
    assert document_of(fixed) == document_of(good)
    assert [line.partition("#")[2] for line in fixed.split(ending)] == [
        line.partition("#")[2] for line in text.split(ending)
    ]
    assert fixed.count("&name") == fixed.count("*name") == fixed.count("<<: *head") == 1
    assert fixed.count(ending) == text.count(ending)
    assert mended(fixed) == fixed


SPANS = st.tuples(st.integers(0, 30), st.integers(0, 6)).map(lambda span: (span[0], span[0] + span[1]))


def finding(start: int, end: int, replacement: str) -> Finding:
    return Finding("L000", Severity.NOTE, "x", fix=Fix("x", (Edit(start, end, replacement),)))


@given(text=st.text("abc\n#é", max_size=30), edits=st.lists(st.tuples(SPANS, st.text("xyz", max_size=4)), max_size=6))
def test_edits_never_overlap_and_what_lies_between_them_stays(
    text: str, edits: list[tuple[tuple[int, int], str]]
) -> None:
    fixed, applied = apply_fixes(text, [finding(*span, replacement) for span, replacement in edits])
    done = sorted({edit for found in applied if found.fix for edit in found.fix.edits}, key=lambda edit: edit.start)
    assert all(one.end <= other.start for one, other in pairwise(done))
    expected, at = "", 0
    for edit in done:
        expected += text[at : edit.start] + edit.replacement
        at = edit.end
    assert fixed == expected + text[at:]


def test_of_two_fixes_of_one_place_the_first_is_applied() -> None:
    fixed, applied = apply_fixes("abc", [finding(0, 2, "X"), finding(1, 3, "Y")])
    assert fixed == "Xc"
    assert len(applied) == 1


def test_one_mistake_told_twice_through_an_alias_is_mended_once() -> None:
    fixed, applied = apply_fixes("abc", [finding(0, 1, "X"), finding(0, 1, "X")])
    assert fixed == "Xbc"
    assert len(applied) == 2


def test_a_fix_of_another_text_is_left_alone() -> None:
    assert apply_fixes("abc", [finding(2, 9, "X")]) == ("abc", ())
