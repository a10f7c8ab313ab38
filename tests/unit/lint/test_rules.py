"""Every rule: where it speaks, where it keeps silent, and that its fix mends it."""

import json

import pytest
import yaml
from lint_cases import HERE, Case, cases

from shoal.findings import Finding, Page, Severity
from shoal.lint.fixes import apply_fixes
from shoal.lint.rule import ClusterRule, FileRule
from shoal.lint.rules import CLUSTER_RULES, FILE_RULES, PAGES
from shoal.lint.run import lint
from shoal.spec.complaints import place
from shoal.spec.document import read_documents
from shoal.spec.parse import parse
from shoal.spec.parsed import Parsed

CASES = cases()
RULES: list[ClusterRule | FileRule] = [*CLUSTER_RULES, *FILE_RULES]


def sound(text: str) -> Parsed:
    """The parsed text, which the parser finds no error in."""
    parsed = parse(text, "case.yaml")
    assert not [finding for finding in parsed.findings if finding.fatal], parsed.findings
    return parsed


def told(findings: tuple[Finding, ...]) -> list[str]:
    return sorted(f"{finding.code} {place(finding.path)}" for finding in findings)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_a_case_finds_exactly_what_it_names(case: Case) -> None:
    assert told(lint(sound(case.text), case.known)) == sorted(case.finds)


@pytest.mark.parametrize("case", [case for case in CASES if case.finds], ids=lambda case: case.name)
def test_every_finding_says_where_and_what_next(case: Case) -> None:
    for finding in lint(sound(case.text), case.known):
        assert finding.mark is not None
        assert finding.hint
        assert not finding.message.endswith(".")


@pytest.mark.parametrize("case", [case for case in CASES if case.fixed], ids=lambda case: case.name)
def test_a_fix_mends_what_was_found_and_nothing_else(case: Case) -> None:
    parsed = sound(case.text)
    text, applied = apply_fixes(parsed.text, lint(parsed, case.known))
    assert told(applied) == sorted(case.finds)
    mended = sound(text)
    assert lint(mended, case.known) == ()
    wanted, _ = read_documents(Case(case.name, (), case.base, case.fixed).text, "wanted")
    assert [node.plain() for node in read_documents(text, "mended")[0]] == [node.plain() for node in wanted]


def test_every_rule_has_a_case_that_makes_it_speak() -> None:
    spoken = {found.split()[0] for case in CASES for found in case.finds}
    assert {rule.code for rule in RULES} - spoken == set()


def test_codes_and_names_are_given_once() -> None:
    assert len({rule.code for rule in RULES}) == len(RULES)
    assert len({rule.name for rule in RULES}) == len(RULES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.code)
def test_every_page_says_what_why_and_how(page: Page) -> None:
    assert page.title
    assert not page.title.endswith(".")
    assert page.body.count("\n\n") >= 1


def test_codes_are_selected_and_ignored_by_their_beginning() -> None:
    parsed = sound(next(case for case in CASES if case.name == "an Ingress without tokens").text)
    assert told(lint(parsed, HERE, select=("L14",))) == ["L141 spec", "L143 spec.headGroupSpec.enableIngress"]
    assert told(lint(parsed, HERE, select=("L14",), ignore=("L141",))) == ["L143 spec.headGroupSpec.enableIngress"]
    assert lint(parsed, HERE, select=("L2",)) == ()
    assert lint(parsed, HERE, ignore=("L",)) == ()


def test_findings_come_in_the_order_of_the_text() -> None:
    text = next(case for case in CASES if case.name == "tags that move").text
    marks = [finding.mark for finding in lint(sound(text), HERE) if finding.mark is not None]
    assert marks == sorted(marks)
    assert len(set(marks)) > 1


def test_a_file_with_errors_is_not_linted_since_half_a_spec_gives_false_findings() -> None:
    text = CASES[0].text.replace("limits:", "limts:")
    parsed = parse(text, "case.yaml")
    assert parsed.findings
    assert lint(parsed, HERE) == ()


@pytest.mark.parametrize(
    ("kind", "wrap"),
    [
        ("RayJob", '{"entrypoint": "true", "rayClusterSpec": SPEC}'),
        ("RayService", '{"rayClusterConfig": SPEC}'),
        ("RayCronJob", '{"schedule": "0 0 * * *", "jobTemplate": {"entrypoint": "true", "rayClusterSpec": SPEC}}'),
    ],
)
def test_the_cluster_inside_a_job_or_service_is_linted_too(kind: str, wrap: str) -> None:
    document = yaml.safe_load(CASES[0].text)
    document["kind"] = kind
    document["spec"]["headGroupSpec"]["rayStartParams"] = {}
    document["spec"] = json.loads(wrap.replace("SPEC", json.dumps(document["spec"])))
    (finding,) = lint(sound(yaml.safe_dump(document)), HERE)
    assert finding.code == "L127"
    assert finding.path[-2:] == ("headGroupSpec", "rayStartParams")


def test_the_head_may_take_the_entrypoint_of_a_job_that_asks_for_resources() -> None:
    document = yaml.safe_load(CASES[0].text)
    document["kind"] = "RayJob"
    document["spec"]["headGroupSpec"]["rayStartParams"] = {"num-cpus": "3"}
    document["spec"] = {"entrypoint": "true", "entrypointNumCpus": 1, "rayClusterSpec": document["spec"]}
    assert lint(sound(yaml.safe_dump(document)), HERE) == ()


def test_the_value_of_a_secret_is_in_no_finding() -> None:
    texts = [case.text for case in CASES if "hunter2" in case.text]
    assert len(texts) >= 3
    for text in texts:
        for finding in lint(sound(text), HERE):
            assert "hunter2" not in f"{finding.message} {finding.hint}"


def test_errors_are_kept_for_what_cannot_work() -> None:
    errors = {rule.name for rule in RULES if rule.severity is Severity.ERROR}
    assert errors == {
        "object_store_is_too_small",
        "object_store_of_type_is_too_small",
        "gpu_request_has_no_equal_limit",
        "fewest_replicas_exceed_most",
        "ray_is_too_old_for_tokens",
        "ports_of_a_node_collide",
        "option_is_unknown",
        "value_is_no_whole_number",
        "custom_resources_are_no_mapping",
        "option_has_a_field_of_its_own",
        "suspended_group_is_scaled",
        "setting_of_group_needs_newer_autoscaler",
        "network_rules_have_no_effect",
        "certificates_are_set_twice",
        "store_is_contradicted",
        "collector_lacks_something",
        "generated_command_is_set",
        "restarted_container_confuses_autoscaler",
        "autoscaler_version_is_contradicted",
        "redis_is_given_past_its_options",
        "kubernetes_tokens_lack_something",
        "fewest_workers_exceed_most",
        "head_type_is_not_named",
    }
