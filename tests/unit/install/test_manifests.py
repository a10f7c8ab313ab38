"""What installing applies."""

from typing import Any

import click
import pytest

from shoal.cli.operator_run import command as run
from shoal.desired.kubernetes.powers import ALLOW
from shoal.install.admission import ASKS
from shoal.install.facts import Definition, Facts, Meta, Named
from shoal.install.leases import OURS as LEASE
from shoal.install.manifests import DEFINITION, Manifest, definitions, operator, to_apply
from shoal.install.options import INSTALLATION, SELECTOR, Options
from shoal.install.workload import HEALTH_PORT, METRICS_PORT
from shoal.operator.options import Options as RunOptions
from shoal.spec.powers import powers

EVERYWHERE = Options()
CHOSEN = Options("ops", "compat", ("a", "b"), "registry/shoal:1", 2)
INSTALLATIONS = pytest.mark.parametrize("options", [EVERYWHERE, CHOSEN], ids=["everywhere", "chosen"])


def kinds(options: Options) -> list[str]:
    """NAMESPACE/KIND of all objects, in order."""
    return [f"{one['metadata'].get('namespace', '')}/{one['kind']}" for one in operator(options)]


def the(kind: str, options: Options = EVERYWHERE) -> Manifest:
    """The only object of a kind."""
    (found,) = [one for one in operator(options) if one["kind"] == kind]
    return found


def pod_of(options: Options) -> dict[str, Any]:
    """The operator's pod."""
    spec: dict[str, Any] = the("Deployment", options)["spec"]["template"]["spec"]
    return spec


def test_everything_comes_in_the_order_in_which_it_is_needed() -> None:
    assert kinds(EVERYWHERE) == [
        "/Namespace",
        "shoal-system/ServiceAccount",
        "/ClusterRole",
        "/ClusterRoleBinding",
        "shoal-system/Role",
        "shoal-system/RoleBinding",
        "/ValidatingAdmissionPolicy",
        "/ValidatingAdmissionPolicyBinding",
        "shoal-system/NetworkPolicy",
        "shoal-system/Deployment",
    ]


def test_an_operator_of_some_namespaces_may_do_nothing_elsewhere() -> None:
    assert [one for one in kinds(CHOSEN) if "Role" in one] == [
        "a/Role",
        "a/RoleBinding",
        "b/Role",
        "b/RoleBinding",
        "ops/Role",
        "ops/RoleBinding",
    ]


@INSTALLATIONS
def test_everything_bears_the_label_by_which_it_is_found_again(options: Options) -> None:
    assert {one["metadata"]["labels"][INSTALLATION] for one in operator(options)} == {options.namespace}


@INSTALLATIONS
def test_every_binding_binds_the_role_beside_it_to_the_operators_account(options: Options) -> None:
    roles = {(one["kind"], one["metadata"]["name"], one["metadata"].get("namespace")) for one in operator(options)}
    bindings = [one for one in operator(options) if one["kind"].endswith("RoleBinding")]
    account = {"kind": "ServiceAccount", "name": "shoal-operator", "namespace": options.namespace}
    assert bindings
    for one in bindings:
        ref = one["roleRef"]
        assert (ref["kind"], ref["name"], one["metadata"].get("namespace")) in roles
        assert one["subjects"] == [account]


def test_the_selector_finds_the_pods_and_kubectl_ray_the_deployment() -> None:
    deployment = the("Deployment")
    labels = deployment["spec"]["template"]["metadata"]["labels"]
    assert deployment["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert the("NetworkPolicy")["spec"]["podSelector"]["matchLabels"].items() <= labels.items()
    assert deployment["metadata"]["labels"]["app.kubernetes.io/name"] == "kuberay-operator"
    assert not any("version" in key or "managed" in key for key in SELECTOR)  # a selector can never be changed


@INSTALLATIONS
def test_the_pod_passes_pod_security_restricted_and_writes_no_file(options: Options) -> None:
    pod = pod_of(options)
    (container,) = pod["containers"]
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert not {"hostNetwork", "hostPID", "hostIPC", "volumes"} & set(pod)


@INSTALLATIONS
def test_the_operator_understands_the_command_line_it_gets(options: Options) -> None:
    (container,) = pod_of(options)["containers"]
    group, verb, *arguments = container["args"]
    assert (group, verb) == ("operator", "run")
    given = run.make_context("run", list(arguments), None, resilient_parsing=False).params
    assert given["operator_namespace"] == options.namespace
    assert given["profile"] == options.profile
    assert given["namespaces"] == options.watch


def test_probes_and_metrics_are_where_the_operator_answers() -> None:
    defaults = {option.name: option.default for option in run.params if isinstance(option, click.Option)}
    assert (defaults["metrics_port"], defaults["probes_port"]) == (METRICS_PORT, HEALTH_PORT)
    assert (RunOptions().metrics_port, RunOptions().probes_port) == (METRICS_PORT, HEALTH_PORT)


def test_the_lease_it_may_change_is_the_one_it_takes() -> None:
    role = next(one for one in operator(EVERYWHERE) if one["metadata"]["name"] == "shoal-operator-lease")
    assert [rule["resourceNames"] for rule in role["rules"] if "resourceNames" in rule] == [[LEASE]]


def test_only_profile_secure_asks_for_a_namespaces_consent() -> None:
    assert not [one for one in kinds(Options(profile="compat")) if "Policy" in one and "Network" not in one]


def test_the_policy_of_an_operator_of_some_namespaces_is_about_those_alone() -> None:
    bound = the("ValidatingAdmissionPolicyBinding", Options(watch=("a", "b")))["spec"]["matchResources"]
    assert bound["namespaceSelector"]["matchExpressions"][0]["values"] == ["a", "b"]


def test_the_policy_knows_powers_by_the_names_that_namespaces_allow_them_by() -> None:
    container = {"name": "c", "securityContext": {"privileged": True, "capabilities": {"add": ["SYS_ADMIN"]}}}
    volume = {"name": "v", "hostPath": {"path": "/"}}
    pod = {"serviceAccountName": "x", "hostPID": True, "volumes": [volume], "containers": [container]}
    service = {"spec": {"externalIPs": ["192.0.2.53"]}}
    head = {"template": {"spec": pod}, "headService": service, "enableIngress": True}
    notes = {"ray.io/ippr": "{}", "nginx.ingress.kubernetes.io/server-snippet": "return 200;"}
    asked = powers({"headGroupSpec": head, "enableInTreeAutoscaling": True}, notes)
    assert {power.name for power in asked} == set(ASKS)
    assert all(ALLOW in one["message"] for one in the("ValidatingAdmissionPolicy")["spec"]["validations"])


def found(manifest: Manifest) -> Definition:
    """A definition as the API server has it."""
    meta = manifest["metadata"]
    return Definition(Meta(name=meta["name"], annotations=meta["annotations"]))


def test_definitions_that_are_as_they_should_be_are_left_alone() -> None:
    first, *others = definitions()
    facts = Facts(definitions=tuple(found(one) for one in others))
    applied = [one for one in to_apply(EVERYWHERE, facts) if one["kind"] == "CustomResourceDefinition"]
    assert [one["metadata"]["name"] for one in applied] == [first["metadata"]["name"]]


def test_a_changed_definition_has_another_digest() -> None:
    digests = [one["metadata"]["annotations"][DEFINITION] for one in definitions()]
    assert len(set(digests)) == len(digests)


@pytest.mark.parametrize(("labels", "applied"), [({}, False), ({INSTALLATION: "shoal-system"}, True)])
def test_a_namespace_that_somebody_else_made_is_left_as_it_is(labels: dict[str, str], applied: bool) -> None:
    facts = Facts(namespaces=(Named(Meta(name="shoal-system", labels=labels)),))
    assert ("Namespace" in [one["kind"] for one in to_apply(EVERYWHERE, facts)]) is applied


def test_no_policy_is_applied_where_the_api_server_knows_none() -> None:
    applied = {one["kind"] for one in to_apply(EVERYWHERE, Facts(admits=False))}
    assert not {kind for kind in applied if kind.startswith("ValidatingAdmission")}
