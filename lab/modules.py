"""The Go modules that the lab is built from. ``modules/NAME/go.mod`` and ``go.sum`` pin them, hashes included."""

import hashlib
import re
from dataclasses import dataclass
from pathlib import Path

FOLDER = Path(__file__).parent / "modules"


@dataclass(frozen=True)
class Module:
    """One Go module; ``programs`` says which package makes which program, ``copied`` which of its files we keep.

    tests: its programs run the tests of their packages.
    """

    name: str
    path: str
    programs: dict[str, str]
    copied: tuple[str, ...] = ()
    tests: bool = False

    @property
    def folder(self) -> Path:
        """Where go.mod is."""
        return FOLDER / self.name

    @property
    def version(self) -> str:
        """As ``1.34.4``."""
        found = re.search(rf"^\s*(?:require )?{re.escape(self.path)} v(\S+)", self._go_mod, re.MULTILINE)
        if found is None:
            raise ValueError(f"{self.folder}/go.mod does not name {self.path}")
        return found[1]

    @property
    def key(self) -> str:
        """The name of its folder in the cache: another pin is another folder."""
        pins = b"".join(path.read_bytes() for path in sorted(self.folder.iterdir()))
        recipe = repr((sorted(self.programs.items()), self.copied)).encode()
        return f"{self.name}-{self.version}-{hashlib.sha256(pins + recipe).hexdigest()[:8]}"

    @property
    def _go_mod(self) -> str:
        return (self.folder / "go.mod").read_text()


STAGES = (
    "pod/fast/pod-ready.yaml",
    "pod/fast/pod-delete.yaml",
    "pod/fast/pod-complete.yaml",
    "node/fast/node-initialize.yaml",
    "node/heartbeat-with-lease/node-heartbeat-with-lease.yaml",
)
ETCD = Module("etcd", "go.etcd.io/etcd/server/v3", {"etcd": "go.etcd.io/etcd/server/v3"})
KWOK = Module(
    "kwok",
    "sigs.k8s.io/kwok",
    {"kwok": "sigs.k8s.io/kwok/cmd/kwok"},
    tuple(f"kustomize/stage/{each}" for each in STAGES),
)
COREDNS = Module("coredns", "github.com/coredns/coredns", {"coredns": "."})
HELM = Module("helm", "helm.sh/helm/v3", {"helm": "helm.sh/helm/v3/cmd/helm"})
KUBERNETES = Module(
    "kubernetes",
    "k8s.io/kubernetes",
    {
        name: f"k8s.io/kubernetes/cmd/{name}"
        for name in (
            "kube-apiserver",
            "kube-controller-manager",
            "kube-scheduler",
            "kubelet",
            "kube-proxy",
            "kubectl",
        )
    },
)
CONTOUR = Module(
    "contour",
    "github.com/projectcontour/contour",
    {"contour": "github.com/projectcontour/contour/cmd/contour"},
    ("examples/contour/01-crds.yaml", "examples/gateway/00-crds.yaml"),
)
"""Lets requests from outside in, where that is asked for. With it come the definitions of the Gateway API."""
KUBE_ROUTER = Module(
    "kube-router",
    "github.com/cloudnativelabs/kube-router/v2",
    {"kube-router": "github.com/cloudnativelabs/kube-router/v2/cmd/kube-router"},
)
MODULES = (ETCD, KWOK, COREDNS, KUBERNETES, HELM, KUBE_ROUTER)
KUBERAY = Module(
    "kuberay",
    "github.com/ray-project/kuberay/ray-operator",
    {"kuberay-operator": "github.com/ray-project/kuberay/ray-operator"},
)
"""The operator that ours is measured beside; no part of the lab itself."""
KUBERAY_TESTS = Module(
    "kuberay-tests",
    KUBERAY.path,
    {f"{suite}.test": f"{KUBERAY.path}/test/{suite}" for suite in ("e2e", "e2eautoscaler")},
    tests=True,
)
"""KubeRay's own tests of RayClusters, which our operator is put to."""
