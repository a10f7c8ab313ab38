"""Secrets on an API server: filled once, made again as they were, and named on the pods that read them."""

import asyncio
import base64
from typing import Any

import pytest
from msgspec.structs import replace

from shoal.backends.kubernetes.cache import WATCHED
from shoal.backends.kubernetes.resources import SECRETS
from shoal.desired.cluster import DesiredObject
from shoal.plan.actions import ApplyObject, StartNode
from shoal.world.kubernetes import CONTENTS
from shoal.world.kubernetes import SECRETS as SECRETS_NOTE
from unit.backends.kubernetes.bench import AUTHORITY, NODE, SECRET, SERVICE, WHY, Bench


def test_a_token_is_made_once_and_never_changed() -> None:
    bench = Bench()
    bench.does(ApplyObject(SECRET, WHY))
    (first,) = bench.stored("secrets")
    bench.cache.forget_unwatched(("default", "demo"))
    bench.does(ApplyObject(SECRET, WHY))
    (second,) = bench.stored("secrets")
    assert first["data"] == second["data"]
    assert len(first["data"]["auth_token"]) > 40
    assert "Secret/demo" in bench.observed.shared
    assert set(bench.verbs("secrets")) == {"create", "get"}


@pytest.mark.parametrize("secret", [SECRET, AUTHORITY], ids=["a token", "an authority"])
def test_a_secret_that_was_deleted_is_made_again_as_it_was(secret: DesiredObject) -> None:
    bench = Bench()
    bench.does(ApplyObject(secret, WHY))
    (first,) = bench.stored("secrets")
    asyncio.run(bench.client.delete(SECRETS, "default", secret.name))
    bench.does(ApplyObject(secret, WHY))
    (second,) = bench.stored("secrets")
    assert first["data"] == second["data"]
    assert first["metadata"]["annotations"] == second["metadata"]["annotations"]
    assert bench.observed.shared[secret.key].metadata.uid == second["metadata"]["uid"]


def test_a_pod_says_with_which_secrets_it_was_made_but_not_what_is_in_them() -> None:
    bench = Bench()
    bench.desired = replace(bench.desired, objects=(SECRET, AUTHORITY, SERVICE))
    bench.does(ApplyObject(SECRET, WHY), ApplyObject(AUTHORITY, WHY), StartNode(NODE, WHY))
    names = [secret["metadata"]["annotations"][CONTENTS] for secret in bench.stored("secrets")]
    (pod,) = bench.stored("pods")
    assert pod["metadata"]["annotations"][SECRETS_NOTE] == f"demo={names[0]} demo-ca={names[1]}"
    assert len(set(names)) == 2
    bench.cache.forget_unwatched(("default", "demo"))
    bench.does(ApplyObject(SECRET, WHY))
    bench.does(StartNode(replace(NODE, name="demo-head-other"), WHY))
    assert bench.stored("pods")[-1]["metadata"]["annotations"][SECRETS_NOTE] == f"demo={names[0]}"


def test_a_secret_whose_contents_nobody_knows_is_filled_with_others_under_another_name() -> None:
    found: list[dict[str, Any]] = []
    for _ in range(2):
        bench = Bench()
        bench.does(ApplyObject(SECRET, WHY))
        found += bench.stored("secrets")
    first, second = found
    assert first["data"] != second["data"]
    assert first["metadata"]["annotations"][CONTENTS] != second["metadata"]["annotations"][CONTENTS]


def test_an_authority_for_tls_is_made_once_and_its_key_is_told_to_nobody_else() -> None:
    bench = Bench()
    bench.does(ApplyObject(AUTHORITY, WHY), ApplyObject(AUTHORITY, WHY))
    (secret,) = bench.stored("secrets")
    certificate, key = (base64.b64decode(secret["data"][name]) for name in AUTHORITY.generated)
    assert certificate.startswith(b"-----BEGIN CERTIFICATE")
    assert key.startswith(b"-----BEGIN PRIVATE KEY")
    assert secret["type"] == "kubernetes.io/tls"
    assert secret["metadata"]["ownerReferences"][0]["name"] == "demo"
    assert set(bench.verbs("secrets")) == {"create", "get"}


def test_nothing_watches_secrets() -> None:
    assert SECRETS.kind not in WATCHED
