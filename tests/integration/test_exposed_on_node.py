"""A dashboard that `shoal expose` has opened, as somebody outside finds it: by an Ingress, and by a Gateway."""

import json
import os
import ssl
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from kube import Cluster
from lab.certificates import make_authority, make_server_certificate
from lab.entrance import GATEWAY, NAMESPACE
from lab.entrance import NAME as CLASS
from outside import Answer, Outside
from raynode import RayOnNode, template, until

pytestmark = [pytest.mark.node, pytest.mark.slow, pytest.mark.ray]

NAME = "open"
HOST, SERVED, OWN, NOBODYS = (f"{name}.example.com" for name in ("ray", "app", "own", "other"))
WAYS = {"ingress": ("--tls", "ray-tls", "--class", CLASS), "gateway": ("--gateway", f"{NAMESPACE}/{GATEWAY}")}
JOBS = "/api/jobs/"
WRONG = "0" * 43
SILENCE_S = 25
"""More than the 15 seconds after which Envoy ends what it isn't told to let go on."""
SENT_BYTES = 20_000_000
SCRIPT = f"""
import pathlib, time
print("sent", pathlib.Path("blob").stat().st_size, flush=True)
time.sleep({SILENCE_S})
print("and on")
"""
SERVE = """
import asyncio
from ray import serve

@serve.deployment
class Slow:
    async def __call__(self, request):
        await asyncio.sleep(float(request.query_params.get("after", 0)))
        return "served"

serve.start(http_options={"host": "0.0.0.0"})
serve.run(Slow.bind())
"""


@pytest.fixture(scope="module")
def exposed(entrance: Cluster, module_operator: tuple[str, str], module_home: Path) -> RayOnNode:
    """A head that serves, with an Ingress that its manifest asks for, and the Secret for both."""
    node, namespace = entrance, module_operator[1]
    make_authority(module_home)
    make_server_certificate(module_home, [], [HOST, SERVED, OWN], "outside")
    files = [f"--cert={module_home / 'outside.crt'}", f"--key={module_home / 'outside.key'}"]
    node.kubectl("-n", namespace, "create", "secret", "tls", "ray-tls", *files)
    head = {
        "rayStartParams": {"num-cpus": "4"},
        "template": template(memory_gib=4),
        "enableIngress": True,
        "ingressOptions": {"host": OWN, "tls": [{"hosts": [OWN], "secretName": "ray-tls"}]},
    }
    told = {"kubernetes.io/ingress.class": CLASS, "ingress.kubernetes.io/force-ssl-redirect": "true"}
    told["projectcontour.io/websocket-routes"] = "/"
    body = {
        "apiVersion": "ray.io/v1",
        "kind": "RayCluster",
        "metadata": {"name": NAME, "annotations": told},
        "spec": {"rayVersion": "2.60.0", "headGroupSpec": head},
    }
    node.kubectl("-n", namespace, "apply", "-f", "-", stdin=json.dumps(body))
    made = RayOnNode(node, namespace, NAME)
    made.wait_until_ready(pods=1)
    deployed = made.shoal("exec", "--", "python", "-c", SERVE)
    assert deployed.returncode == 0, deployed.stdout + deployed.stderr
    return made


@pytest.fixture(scope="module")
def person(exposed: RayOnNode, module_home: Path) -> Outside:
    """They trust the authority of the cluster's Secret."""
    path = "jsonpath={.items[0].status.addresses[?(@.type=='InternalIP')].address}"
    address = exposed.node.kubectl("get", "nodes", "-o", path)
    return Outside(module_home, address, module_home / "ca.crt", (HOST, SERVED, OWN))


@pytest.fixture(scope="module", params=WAYS)
def way(request: pytest.FixtureRequest, exposed: RayOnNode, person: Outside) -> Iterator[Outside]:
    """The dashboard and Ray Serve, opened one way. A Gateway's certificate is of the lab's authority."""
    ended = exposed.shoal("expose", "--host", HOST, "--serve-host", SERVED, *WAYS[request.param], "-y")
    assert ended.returncode == 0, ended.stderr
    if request.param == "gateway":
        person = replace(person, authority=exposed.node.kubeconfig.parent / "ca.crt")
    until("it is let in", lambda: is_open(person, exposed), 60)
    yield person
    exposed.shoal("expose", "--remove")


def is_open(person: Outside, cluster: RayOnNode) -> bool:
    try:
        return all(person.ask(*asked).status == 200 for asked in ((HOST, JOBS, cluster.token()), (SERVED, "/")))
    except ssl.SSLError:  # the way before still holds
        return False


def submitted(cluster: RayOnNode, person: Outside, host: str, folder: Path, token: str) -> str:
    """What `ray job submit` says of a job that sends much, and then prints nothing for long."""
    (folder / "blob").write_bytes(os.urandom(SENT_BYTES))
    (folder / "script.py").write_text(SCRIPT)
    where = ["--address", f"https://{host}", "--verify", str(person.authority), "--working-dir", str(folder)]
    ended = person.ray(cluster, "job", "submit", *where, "--", "python", "script.py", token=token)
    return f"{ended.returncode} {ended.stdout} {ended.stderr}"


def test_whoever_has_no_token_is_turned_away_and_starts_no_job(exposed: RayOnNode, way: Outside) -> None:
    before = way.ask(HOST, JOBS, exposed.token()).text
    job = {"entrypoint": "true"}
    assert [way.ask(HOST, JOBS, token, body=job).status for token in ("", WRONG)] == [401, 403]
    assert way.ask(HOST, JOBS, exposed.token()).text == before


def test_stock_ray_runs_a_job_by_the_token_and_follows_its_log_through_a_long_silence(
    exposed: RayOnNode, way: Outside, tmp_path: Path
) -> None:
    said = submitted(exposed, way, HOST, tmp_path, exposed.token())
    assert said.startswith("0 "), said
    assert f"sent {SENT_BYTES}" in said
    assert "and on" in said
    refused = submitted(exposed, way, HOST, tmp_path, WRONG)
    assert not refused.startswith("0 ")


def test_without_tls_nothing_is_served_whatever_the_token(exposed: RayOnNode, way: Outside) -> None:
    for host, path in ((HOST, JOBS), (SERVED, "/")):
        answer = way.ask(host, path, exposed.token(), tls=False)
        assert (answer.status, answer.text) in {(301, ""), (404, ""), (0, "")}
        assert answer.to in ("", f"https://{host}{path}")


def test_ray_serve_answers_under_its_own_host_however_long_it_takes(way: Outside) -> None:
    begun = time.monotonic()
    assert way.ask(SERVED, f"/?after={SILENCE_S}") == Answer(200, "served")
    assert time.monotonic() - begun > SILENCE_S


def test_another_host_gets_nothing(exposed: RayOnNode, way: Outside) -> None:
    for tls in (True, False):
        assert way.ask(NOBODYS, JOBS, exposed.token(), tls=tls).status in (0, 404)
    assert "served" not in way.ask(HOST, "/", exposed.token()).text


def test_what_is_taken_away_lets_nobody_in(exposed: RayOnNode, way: Outside) -> None:
    assert exposed.shoal("expose", "--remove").returncode == 0
    kinds = "service,ingress,networkpolicy,httproute"
    assert exposed.kubectl("get", kinds, "-l", "shoal.dev/exposure", "-o", "name") == ""
    until("nobody is let in", lambda: is_closed(way, HOST, exposed.token()) and is_closed(way, SERVED), 60)


def is_closed(person: Outside, host: str, token: str = "") -> bool:
    try:
        return person.ask(host, JOBS, token).status in (0, 404)
    except ssl.SSLError:  # no certificate for it either
        return True


def test_the_ingress_that_a_manifest_asks_for_leads_to_the_dashboard_too(
    exposed: RayOnNode, person: Outside, tmp_path: Path
) -> None:
    assert [person.ask(OWN, JOBS, token).status for token in ("", exposed.token())] == [401, 200]
    assert person.ask(OWN, JOBS, exposed.token(), tls=False) == Answer(301, "", f"https://{OWN}{JOBS}")
    said = submitted(exposed, person, OWN, tmp_path, exposed.token())
    assert "and on" in said, said
