"""Volumes of a pod: where each kind of storage is named."""

from msgspec import field

from shoal.spec.kubernetes.container import ObjectFieldSelector, ResourceFieldSelector
from shoal.spec.kubernetes.disks import (
    ISCSI,
    RBD,
    AWSElasticBlockStore,
    AzureDisk,
    AzureFile,
    CephFS,
    Cinder,
    FibreChannel,
    FlexVolume,
    Flocker,
    GCEPersistentDisk,
    GitRepo,
    Glusterfs,
    PhotonPersistentDisk,
    PortworxVolume,
    Quobyte,
    ScaleIO,
    StorageOS,
    VsphereVolume,
)
from shoal.spec.kubernetes.meta import LabelSelector, LocalObjectReference, ObjectMeta, TypedObjectReference
from shoal.spec.quantity import Quantity
from shoal.spec.wire import Int32, Int64, Wire


class KeyToPath(Wire, frozen=True):
    key: str
    path: str
    mode: Int32 | None = None


class ConfigMapVolume(Wire, frozen=True):
    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    default_mode: Int32 | None = None
    optional: bool = False


class SecretVolume(Wire, frozen=True):
    secret_name: str = ""
    items: tuple[KeyToPath, ...] = ()
    default_mode: Int32 | None = None
    optional: bool = False


class DownwardAPIFile(Wire, frozen=True):
    path: str
    field_ref: ObjectFieldSelector | None = None
    resource_field_ref: ResourceFieldSelector | None = None
    mode: Int32 | None = None


class DownwardAPIVolume(Wire, frozen=True):
    items: tuple[DownwardAPIFile, ...] = ()
    default_mode: Int32 | None = None


class EmptyDir(Wire, frozen=True):
    medium: str = ""
    size_limit: Quantity | None = None


class HostPath(Wire, frozen=True):
    path: str
    type: str | None = None


class NFS(Wire, frozen=True):
    server: str
    path: str
    read_only: bool = False


class ImageVolume(Wire, frozen=True):
    reference: str = ""
    pull_policy: str = ""


class CSI(Wire, frozen=True):
    driver: str
    fs_type: str | None = None
    node_publish_secret_ref: LocalObjectReference | None = None
    read_only: bool = False
    volume_attributes: dict[str, str] = {}


class PersistentVolumeClaimVolume(Wire, frozen=True):
    claim_name: str
    read_only: bool = False


class VolumeResources(Wire, frozen=True):
    limits: dict[str, Quantity] = {}
    requests: dict[str, Quantity] = {}


class PersistentVolumeClaimSpec(Wire, frozen=True):
    access_modes: tuple[str, ...] = ()
    resources: VolumeResources | None = None
    storage_class_name: str | None = None
    data_source: TypedObjectReference | None = None
    data_source_ref: TypedObjectReference | None = None
    selector: LabelSelector | None = None
    volume_attributes_class_name: str | None = None
    volume_mode: str | None = None
    volume_name: str = ""


class PersistentVolumeClaimTemplate(Wire, frozen=True):
    spec: PersistentVolumeClaimSpec
    metadata: ObjectMeta = ObjectMeta()


class EphemeralVolume(Wire, frozen=True):
    volume_claim_template: PersistentVolumeClaimTemplate | None = None


class ClusterTrustBundle(Wire, frozen=True):
    path: str
    name: str | None = None
    signer_name: str | None = None
    label_selector: LabelSelector | None = None
    optional: bool = False


class ProjectedKeys(Wire, frozen=True):
    """Keys of a ConfigMap or Secret."""

    name: str = ""
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False


class ProjectedDownwardAPI(Wire, frozen=True):
    items: tuple[DownwardAPIFile, ...] = ()


class PodCertificate(Wire, frozen=True):
    key_type: str
    signer_name: str
    certificate_chain_path: str = ""
    credential_bundle_path: str = ""
    key_path: str = ""
    max_expiration_seconds: Int32 | None = None
    user_annotations: dict[str, str] = {}


class ServiceAccountToken(Wire, frozen=True):
    path: str
    audience: str = ""
    expiration_seconds: Int64 | None = None


class ProjectedSource(Wire, frozen=True):
    cluster_trust_bundle: ClusterTrustBundle | None = None
    config_map: ProjectedKeys | None = None
    downward_api: ProjectedDownwardAPI | None = field(default=None, name="downwardAPI")
    pod_certificate: PodCertificate | None = None
    secret: ProjectedKeys | None = None
    service_account_token: ServiceAccountToken | None = None


class ProjectedVolume(Wire, frozen=True):
    sources: tuple[ProjectedSource, ...] = ()
    default_mode: Int32 | None = None


class Volume(Wire, frozen=True):
    """A name, and one source."""

    name: str
    empty_dir: EmptyDir | None = None
    host_path: HostPath | None = None
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None
    persistent_volume_claim: PersistentVolumeClaimVolume | None = None
    ephemeral: EphemeralVolume | None = None
    projected: ProjectedVolume | None = None
    downward_api: DownwardAPIVolume | None = field(default=None, name="downwardAPI")
    csi: CSI | None = None
    nfs: NFS | None = None
    image: ImageVolume | None = None
    aws_elastic_block_store: AWSElasticBlockStore | None = None
    azure_disk: AzureDisk | None = None
    azure_file: AzureFile | None = None
    cephfs: CephFS | None = None
    cinder: Cinder | None = None
    fc: FibreChannel | None = None
    flex_volume: FlexVolume | None = None
    flocker: Flocker | None = None
    gce_persistent_disk: GCEPersistentDisk | None = None
    git_repo: GitRepo | None = None
    glusterfs: Glusterfs | None = None
    iscsi: ISCSI | None = None
    photon_persistent_disk: PhotonPersistentDisk | None = None
    portworx_volume: PortworxVolume | None = None
    quobyte: Quobyte | None = None
    rbd: RBD | None = None
    scale_io: ScaleIO | None = field(default=None, name="scaleIO")
    storageos: StorageOS | None = None
    vsphere_volume: VsphereVolume | None = None
