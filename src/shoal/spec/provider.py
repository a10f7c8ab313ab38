"""The ``provider:`` section of Ray's cluster.yaml: which kind of machines, and where."""

from typing import Any, TypeAlias

from shoal.spec.wire import OpenKeys, Snake

THIS_MACHINE = frozenset(("", "localhost", "127.0.0.1", "::1"))
"""How a file names the machine it is read on."""


class LocalProvider(Snake, OpenKeys, frozen=True, tag="local"):
    """This machine when neither ``head_ip`` nor ``coordinator_address`` is given; else the hosts named, by ssh.

    coordinator_address: ``host:port`` of a server that lends hosts to many clusters.
    """

    head_ip: str = ""
    external_head_ip: str = ""
    worker_ips: tuple[str, ...] = ()
    coordinator_address: str = ""
    use_internal_ips: bool = False
    disable_node_updaters: bool = False


class AwsKeyPair(Snake, OpenKeys, frozen=True):
    key_name: str = ""


class AwsProvider(Snake, OpenKeys, frozen=True, tag="aws"):
    """availability_zone: one, or several separated by commas. security_group, cloudwatch: as Ray passes them to AWS."""

    region: str
    availability_zone: str = ""
    cache_stopped_nodes: bool = True
    use_internal_ips: bool = False
    disable_node_updaters: bool = False
    key_pair: AwsKeyPair | None = None
    security_group: dict[str, Any] = {}
    cloudwatch: dict[str, Any] = {}
    aws_credentials: dict[str, Any] = {}


class GcpCredentials(Snake, OpenKeys, frozen=True):
    type: str
    credentials: str = ""


class GcpProvider(Snake, OpenKeys, frozen=True, tag="gcp"):
    """project_id: None makes a project."""

    region: str
    availability_zone: str = ""
    project_id: str | None = None
    gcp_credentials: GcpCredentials | None = None
    cache_stopped_nodes: bool = True
    use_internal_ips: bool = False
    disable_node_updaters: bool = False


class AzureProvider(Snake, OpenKeys, frozen=True, tag="azure"):
    location: str
    resource_group: str
    subscription_id: str = ""
    availability_zone: str = ""
    tags: dict[str, str] = {}
    unique_id: str = ""
    msi_name: str = ""
    msi_resource_group: str = ""
    msi_identity_id: str = ""
    msi_identity_principal_id: str = ""
    subnet_id: str = ""
    subnet_mask: str = ""
    subnet: str = ""
    nsg: str = ""
    msi: str = ""
    cache_stopped_nodes: bool = True
    use_internal_ips: bool = False
    use_external_head_ip: bool = False
    disable_node_updaters: bool = False


Provider: TypeAlias = LocalProvider | AwsProvider | GcpProvider | AzureProvider


def provider_type(provider: Provider) -> str:
    """As written after ``type:``: "local", "aws", "gcp" or "azure"."""
    return str(provider.__struct_config__.tag)
