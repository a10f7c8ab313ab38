"""Volume sources that name one vendor's storage."""

from msgspec import field

from shoal.spec.kubernetes.meta import LocalObjectReference
from shoal.spec.wire import Int32, Wire


class AWSElasticBlockStore(Wire, frozen=True):
    volume_id: str = field(name="volumeID")
    fs_type: str = ""
    partition: Int32 | None = None
    read_only: bool = False


class AzureDisk(Wire, frozen=True):
    disk_name: str
    disk_uri: str = field(name="diskURI")
    caching_mode: str | None = None
    fs_type: str | None = None
    kind: str | None = None
    read_only: bool = False


class AzureFile(Wire, frozen=True):
    secret_name: str
    share_name: str
    read_only: bool = False


class CephFS(Wire, frozen=True):
    monitors: tuple[str, ...]
    path: str = ""
    read_only: bool = False
    secret_file: str = ""
    secret_ref: LocalObjectReference | None = None
    user: str = ""


class Cinder(Wire, frozen=True):
    volume_id: str = field(name="volumeID")
    fs_type: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class FibreChannel(Wire, frozen=True):
    fs_type: str = ""
    lun: Int32 | None = None
    read_only: bool = False
    target_wwns: tuple[str, ...] = field(default=(), name="targetWWNs")
    wwids: tuple[str, ...] = ()


class FlexVolume(Wire, frozen=True):
    driver: str
    fs_type: str = ""
    options: dict[str, str] = {}
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class Flocker(Wire, frozen=True):
    dataset_name: str = ""
    dataset_uuid: str = field(default="", name="datasetUUID")


class GCEPersistentDisk(Wire, frozen=True):
    pd_name: str
    fs_type: str = ""
    partition: Int32 | None = None
    read_only: bool = False


class GitRepo(Wire, frozen=True):
    repository: str
    directory: str = ""
    revision: str = ""


class Glusterfs(Wire, frozen=True):
    endpoints: str
    path: str
    read_only: bool = False


class ISCSI(Wire, frozen=True):
    iqn: str
    lun: Int32
    target_portal: str
    portals: tuple[str, ...] = ()
    chap_auth_discovery: bool = False
    chap_auth_session: bool = False
    fs_type: str = ""
    initiator_name: str | None = None
    iscsi_interface: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class PhotonPersistentDisk(Wire, frozen=True):
    pd_id: str = field(name="pdID")
    fs_type: str = ""


class PortworxVolume(Wire, frozen=True):
    volume_id: str = field(name="volumeID")
    fs_type: str = ""
    read_only: bool = False


class Quobyte(Wire, frozen=True):
    registry: str
    volume: str
    group: str = ""
    read_only: bool = False
    tenant: str = ""
    user: str = ""


class RBD(Wire, frozen=True):
    image: str
    monitors: tuple[str, ...]
    fs_type: str = ""
    keyring: str = ""
    pool: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None
    user: str = ""


class ScaleIO(Wire, frozen=True):
    gateway: str
    secret_ref: LocalObjectReference
    system: str
    fs_type: str = ""
    protection_domain: str = ""
    read_only: bool = False
    ssl_enabled: bool = False
    storage_mode: str = ""
    storage_pool: str = ""
    volume_name: str = ""


class StorageOS(Wire, frozen=True):
    volume_name: str = ""
    volume_namespace: str = ""
    fs_type: str = ""
    read_only: bool = False
    secret_ref: LocalObjectReference | None = None


class VsphereVolume(Wire, frozen=True):
    volume_path: str
    fs_type: str = ""
    storage_policy_id: str = field(default="", name="storagePolicyID")
    storage_policy_name: str = ""
