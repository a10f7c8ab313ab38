"""All that is applied to a cluster, in the order in which it has to be."""

from functools import cache
from typing import Any, TypeAlias

import shoal
from shoal.crds.definitions import definition
from shoal.desired.cluster import digest
from shoal.install.access import account, roles
from shoal.install.admission import policies
from shoal.install.facts import Definition, Facts
from shoal.install.options import INSTALLATION, OURS, PART_OF, Options
from shoal.install.workload import deployment, namespace, network_policy
from shoal.spec.kinds import RAY_KINDS

Manifest: TypeAlias = dict[str, Any]

DEFINITION = "shoal.dev/definition"
"""Annotation of a CustomResourceDefinition: digest of its spec, as Shoal made it."""
DEFINED_BY = "shoal.dev/version"
"""Annotation of a CustomResourceDefinition: the version of Shoal that made it."""


def definitions() -> list[Manifest]:
    """The definitions of Ray's kinds. They are shared by all installations, and stay when one goes."""
    return [marked(kind) for kind in RAY_KINDS]


@cache
def marked(kind: str) -> Manifest:
    """The definition of one of Ray's kinds, with what says whose it is. Not to be changed. Raises KeyError."""
    plain = definition(kind)
    notes = {DEFINITION: digest(plain["spec"]), DEFINED_BY: shoal.__version__}
    meta = plain["metadata"] | {"labels": {PART_OF: OURS}, "annotations": notes}
    return plain | {"metadata": meta}


def is_current(found: Definition | None, wanted: Manifest) -> bool:
    """Whether a definition is what ``wanted`` says."""
    digest_wanted: str = wanted["metadata"]["annotations"][DEFINITION]
    return found is not None and found.metadata.annotations.get(DEFINITION) == digest_wanted


def operator(options: Options) -> list[Manifest]:
    """Everything else, the namespace first and the Deployment last."""
    return [
        namespace(options),
        account(options),
        *roles(options),
        *policies(options),
        network_policy(options),
        deployment(options),
    ]


def to_apply(options: Options, facts: Facts) -> list[Manifest]:
    """What installing applies, given what is there.

    Definitions that are as they should be are left alone, so that nobody needs leave to change them; so is a namespace
    that somebody else made.
    """
    held = {one.metadata.name: one for one in facts.definitions}
    defined = [one for one in definitions() if not is_current(held.get(one["metadata"]["name"]), one)]
    own = facts.existing.get(options.namespace)
    is_foreign = own is not None and own.metadata.labels.get(INSTALLATION) != options.namespace
    unwanted = {"Namespace"} if is_foreign else set()
    if not facts.admits:
        unwanted |= {"ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding"}
    return defined + [one for one in operator(options) if one["kind"] not in unwanted]
