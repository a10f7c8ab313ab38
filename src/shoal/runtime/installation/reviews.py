"""Who may do what, asked of the API server itself."""

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.resources import RBAC, SELF_ACCESS, SUBJECT_ACCESS, Resource, resource_of
from shoal.install.facts import Facts, Named
from shoal.install.manifests import Manifest, to_apply
from shoal.install.options import Options
from shoal.install.permissions import OF_CLUSTERS, OF_ITSELF, Permission
from shoal.install.preflight import ACCOUNT, PERMISSIONS
from shoal.spec.wire import Wire

AT_ONCE = 16
APPLYING = ("create", "patch")
"""What server-side apply takes, the first time and later."""


class Verdict(Wire, frozen=True):
    allowed: bool = False


class Review(Wire, frozen=True):
    """The answer to a SelfSubjectAccessReview or SubjectAccessReview."""

    status: Verdict = Verdict()


class Question(msgspec.Struct, frozen=True):
    """Whether one may use ``verb`` on ``resource`` (``pods``, ``pods/log``) in ``namespace``, "" for all of them."""

    verb: str
    group: str
    resource: str
    namespace: str = ""
    name: str = ""

    def attributes(self) -> dict[str, str]:
        """As a review asks it."""
        resource, _, below = self.resource.partition("/")
        asked = {"verb": self.verb, "group": self.group, "resource": resource, "subresource": below}
        return asked | {"namespace": self.namespace, "name": self.name}


async def with_permissions(client: Client, options: Options, facts: Facts) -> Facts:
    """``facts`` with what whoever asks may not do, and what the operator's account may not."""
    unseen = dict(facts.unseen)
    refused: tuple[str, ...] = ()
    lacks: tuple[str, ...] | None = None
    try:
        refused = await _refused(client, options, facts)
    except Forbidden as refusal:
        unseen[PERMISSIONS] = refusal.message
    if facts.installed(options.namespace) is not None:
        try:
            lacks = await _denied(client, _needed(options), SUBJECT_ACCESS, {"user": options.account})
        except Forbidden as refusal:
            unseen[ACCOUNT] = refusal.message
    return msgspec.structs.replace(facts, refused=refused, account_lacks=lacks, unseen=unseen)


async def _refused(client: Client, options: Options, facts: Facts) -> tuple[str, ...]:
    """What of installing is not allowed; where all is, the API server is asked to try the roles without making them."""
    wanted = to_apply(options, facts)
    questions = dict.fromkeys(question for manifest in wanted for question in _to_apply(manifest))
    denied = await _denied(client, list(questions), SELF_ACCESS, {})
    if denied:
        return denied
    tried = [await _tried(client, one) for one in wanted if one["apiVersion"].startswith(RBAC)]
    return tuple(words for words in tried if words)


def _to_apply(manifest: Manifest) -> Iterable[Question]:
    resource, namespace = resource_of(manifest), manifest["metadata"].get("namespace", "")
    return [Question(verb, resource.group, resource.plural, namespace) for verb in APPLYING]


def _needed(options: Options) -> list[Question]:
    scopes = options.watch or ("",)
    asked: list[tuple[Permission, str]] = [(one, scope) for scope in scopes for one in OF_CLUSTERS]
    asked += [(one, options.namespace) for one in OF_ITSELF]
    return [
        Question(verb, one.group, one.resource, scope, name)
        for one, scope in asked
        for verb in one.verbs
        for name in one.names or ("",)
    ]


async def _denied(
    client: Client, questions: Sequence[Question], review: Resource, subject: dict[str, Any]
) -> tuple[str, ...]:
    turn = asyncio.Semaphore(AT_ONCE)

    async def is_allowed(question: Question) -> bool:
        spec = subject | {"resourceAttributes": question.attributes()}
        body = {"apiVersion": review.api_version, "kind": review.kind, "spec": spec}
        async with turn:
            return (await client.create(review, "", body, Review)).status.allowed

    answers = await asyncio.gather(*(is_allowed(question) for question in questions))
    return _told(question for question, allowed in zip(questions, answers, strict=True) if not allowed)


def _told(denied: Iterable[Question]) -> tuple[str, ...]:
    """One sentence's part for each resource: ``get, list pods in shoal-system``."""
    verbs: dict[str, list[str]] = {}
    for one in denied:
        resource, slash, below = one.resource.partition("/")
        where = f" in {one.namespace}" if one.namespace else ""
        named = f"{resource}{'.' if one.group else ''}{one.group}{slash}{below}{where}"
        verbs.setdefault(named, []).append(one.verb)
    return tuple(f"{', '.join(used)} {named}" for named, used in verbs.items())


async def _tried(client: Client, role: Manifest) -> str:
    """Why the API server would not take ``role``, or "": nobody can give what he doesn't hold himself."""
    meta = role["metadata"]
    try:
        place = meta.get("namespace", "")
        await client.apply(resource_of(role), place, meta["name"], role, Named, dry_run=True)
    except Forbidden as refusal:
        return refusal.message.partition("\n")[0].rstrip(":")  # after it, every rule that is not held
    except NotFound:  # its namespace is yet to be made, or the role it binds
        return ""
    return ""
