"""Text -> specs of the right kind."""

import msgspec
import pytest

from shoal.findings import Severity
from shoal.spec.clusterfile import Auth, ClusterFile
from shoal.spec.other import Other
from shoal.spec.parse import clusters, parse
from shoal.spec.provider import AwsProvider, AzureProvider, GcpProvider, LocalProvider, Provider, provider_type
from shoal.spec.raycluster import RayCluster
from shoal.spec.rayjob import RayCronJob, RayJob
from shoal.spec.rayservice import RayService

MANIFEST = """
apiVersion: ray.io/v1alpha1
kind: RayCluster
metadata:
  name: raycluster-complete
spec:
  headGroupSpec:
    rayStartParams: {port: '6379', num-cpus: '1'}
    template:
      spec:
        containers:
          - name: ray-head
            resources: {limits: {cpu: 1, memory: 1024Mi}, requests: {cpu: 1, memory: 1024Mi}}
            ports:
              - {containerPort: 6379, name: gcs}
              - {containerPort: 8265, name: dashboard}
              - {containerPort: 10001, name: client}
  workerGroupSpecs:
    - groupName: small-group
      replicas: 2
      rayStartParams: {}
      template: {spec: {containers: [{name: ray-worker}]}}
"""
CLOUDS: list[tuple[str, Provider]] = [
    (
        "{type: aws, region: us-west-2, availability_zone: us-west-2a}",
        AwsProvider("us-west-2", availability_zone="us-west-2a"),
    ),
    ("{type: gcp, region: us-west1, project_id: null}", GcpProvider("us-west1")),
    ("{type: azure, location: westus2, resource_group: rays}", AzureProvider("westus2", "rays")),
]


@pytest.mark.parametrize("kind", ["List", "RayClusterList"])
def test_the_items_of_a_list_are_documents(kind: str) -> None:
    items = MANIFEST.strip().replace("\n", "\n  ")
    service = "{apiVersion: v1, kind: List, items: [{apiVersion: v1, kind: Service, metadata: {name: s}}]}"
    text = f"kind: {kind}\napiVersion: v1\nmetadata: {{}}\nitems:\n- {items}\n- {service}\n"
    parsed = parse(text, "f.yaml")
    assert parsed.findings == ()
    cluster, other = parsed.documents
    assert cluster.spec == parse(MANIFEST, "f.yaml").documents[0].spec
    assert (cluster.index, cluster.node.nearest(("metadata", "name")).mark.line) == (0, 8)
    assert other.spec == Other("v1", "Service", "s")


@pytest.mark.parametrize("items", ["", "items:", "items: []"])
def test_a_list_may_be_empty(items: str) -> None:
    parsed = parse(f"apiVersion: v1\nkind: List\n{items}\n", "f.yaml")
    assert (parsed.documents, parsed.findings) == ((), ())


def test_a_raycluster_becomes_typed() -> None:
    parsed = parse(MANIFEST, "f.yaml")
    assert parsed.findings == ()
    spec = parsed.documents[0].spec
    assert isinstance(spec, RayCluster)
    assert spec.metadata.name == "raycluster-complete"
    head = spec.spec.head_group_spec
    assert head.ray_start_params == {"port": "6379", "num-cpus": "1"}
    assert head.template.spec is not None
    assert [port.name for port in head.template.spec.containers[0].ports] == ["gcs", "dashboard", "client"]
    assert head.template.spec.containers[0].resources.limits == {"cpu": 1, "memory": "1024Mi"}
    assert spec.spec.worker_group_specs[0].replicas == 2


@pytest.mark.parametrize(("provider", "expected"), CLOUDS, ids=lambda value: "")
def test_the_smallest_cluster_file_of_each_cloud_is_read(provider: str, expected: Provider) -> None:
    auth = "{ssh_user: ubuntu, ssh_private_key: ~/.ssh/id, ssh_public_key: ~/.ssh/id.pub}"
    parsed = parse(f"cluster_name: minimal\nmax_workers: 1\nprovider: {provider}\nauth: {auth}\n", "f.yaml")
    assert parsed.findings == ()
    spec = parsed.documents[0].spec
    assert isinstance(spec, ClusterFile)
    assert spec.provider == expected
    assert spec.max_workers == 1
    assert spec.auth == Auth(ssh_user="ubuntu", ssh_private_key="~/.ssh/id", ssh_public_key="~/.ssh/id.pub")


def test_a_local_cluster_file_needs_no_more_than_a_name_and_a_type() -> None:
    spec = parse("cluster_name: a\nprovider: {type: local}\n", "f.yaml").documents[0].spec
    assert isinstance(spec, ClusterFile)
    assert spec.provider == LocalProvider()
    assert provider_type(spec.provider) == "local"


def test_each_of_rays_kinds_is_told_and_others_are_kept() -> None:
    inner = "{headGroupSpec: {template: {spec: {containers: [{name: ray}]}}}}"
    text = f"""
apiVersion: v1
kind: ConfigMap
metadata: {{name: script}}
data: {{a: b}}
---
apiVersion: ray.io/v1
kind: RayJob
metadata: {{name: job}}
spec: {{entrypoint: python a.py, rayClusterSpec: {inner}}}
---
apiVersion: ray.io/v1
kind: RayService
metadata: {{name: service}}
spec: {{rayClusterConfig: {inner}}}
---
apiVersion: ray.io/v1
kind: RayCronJob
metadata: {{name: nightly}}
spec: {{schedule: "0 2 * * *", jobTemplate: {{clusterSelector: {{ray.io/cluster: a}}}}}}
---
apiVersion: example.com/v1
kind: Whatever
"""
    parsed = parse(text, "f.yaml")
    assert parsed.findings == ()
    assert [type(document.spec) for document in parsed.documents] == [Other, RayJob, RayService, RayCronJob, Other]
    assert parsed.documents[0].spec == Other("v1", "ConfigMap", "script")
    assert [document.index for document in parsed.documents] == [0, 1, 2, 3, 4]
    assert clusters(parsed) == ()


def test_two_clusters_of_different_names_are_fine() -> None:
    parsed = parse(MANIFEST + "---\ncluster_name: other\nprovider: {type: local}\n", "f.yaml")
    assert parsed.findings == ()
    assert [document.index for document in clusters(parsed)] == [0, 1]


def test_findings_are_in_the_order_of_the_text() -> None:
    parsed = parse("max_workers: -1\ncluster_name: ../a\nprovider: {type: aws, region: 1, regoin: a}\n", "f.yaml")
    assert [found.mark.line for found in parsed.findings if found.mark] == [1, 3, 3]
    assert [found.severity for found in parsed.findings].count(Severity.WARNING) == 1


def test_a_spec_is_written_back_as_it_would_be_sent() -> None:
    spec = parse(MANIFEST, "f.yaml").documents[0].spec
    sent = msgspec.to_builtins(spec)
    assert sent["spec"]["headGroupSpec"]["rayStartParams"] == {"port": "6379", "num-cpus": "1"}
    assert msgspec.convert(sent, RayCluster) == spec


def test_only_ray_and_its_cluster_file_are_clusters() -> None:
    parsed = parse(MANIFEST, "f.yaml")
    assert clusters(parsed) == parsed.documents
