"""What an operator doesn't act on, though every field of it can be read: no cluster could be all that it asks for."""

from collections.abc import Iterator

from shoal.findings import Finding, Mark
from shoal.lint.context import cluster_context
from shoal.lint.facts import Facts
from shoal.lint.rule import ClusterRule
from shoal.lint.rules import contradictions, exposure, params, reserved, scaling, versions
from shoal.spec.node import Node
from shoal.spec.raycluster import RayCluster

RULES: tuple[ClusterRule, ...] = (
    scaling.fewest_replicas_exceed_most,
    versions.ray_is_too_old_for_tokens,
    params.option_has_a_field_of_its_own,
    contradictions.suspended_group_is_scaled,
    contradictions.setting_of_group_needs_newer_autoscaler,
    contradictions.restarted_container_confuses_autoscaler,
    contradictions.autoscaler_version_is_contradicted,
    contradictions.redis_is_given_past_its_options,
    contradictions.kubernetes_tokens_lack_something,
    exposure.network_rules_have_no_effect,
    reserved.certificates_are_set_twice,
    reserved.store_is_contradicted,
    reserved.collector_lacks_something,
    reserved.generated_command_is_set,
)
"""KubeRay's operator refuses the same. The other errors of lint depend on what is known of Ray: an option that a newer
one has is no reason to leave a cluster alone."""
_NO_TEXT = Node("mapping", Mark(0, 0), 0, 0)


def refusals(cluster: RayCluster) -> Iterator[Finding]:
    """Every contradiction in a cluster that has no error of the parser."""
    context = cluster_context(cluster, _NO_TEXT)
    if context is not None:
        for each in RULES:
            yield from each.findings(context, Facts())
