"""etcd, the API server, the controller manager and the scheduler, as four processes of this machine."""

import json
from collections.abc import Sequence

from lab.api import wait_for_answer
from lab.build import program
from lab.certificates import (
    make_authority,
    make_server_certificate,
    make_service_account_key,
    make_user_certificate,
)
from lab.folders import Run
from lab.kubeconfig import write_kubeconfig
from lab.modules import ETCD, KUBERNETES
from lab.network import Network, network_of
from lab.processes import ensure

READY_S = 90.0
NAMES = ["localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc"]
BENCH_USER = "bench-operator"
ADMINISTRATORS = "system:masters"
# Requests of the benchmark's user, and of whatever runs in Shoal's own namespace: nobody else's.
AUDIT_POLICY = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived"],
    "rules": [
        {"level": "Metadata", "users": [BENCH_USER]},
        {"level": "Metadata", "userGroups": ["system:serviceaccounts:shoal-system"]},
        {"level": "None"},
    ],
}


def up(run: Run, further_flags: Sequence[str] = ()) -> None:
    """Start what does not run yet, and wait until pods can be made. Needs what ``build`` builds, and no root.

    further_flags: of the API server.
    """
    names = ("kube-apiserver", "kube-controller-manager", "kube-scheduler")
    etcd, api_server, controllers, scheduler = (program(ETCD, "etcd"), *(program(KUBERNETES, each) for each in names))
    run.make()
    network = network_of(run)
    _prepare(run, network)
    ensure(run, "etcd", [etcd, *_etcd(run, network)])
    server = ensure(run, "apiserver", [api_server, *_api_server(run, network), *further_flags])
    wait_for_answer(run, "/readyz", READY_S, server)
    process = ensure(run, "controllers", [controllers, *_controllers(run, network)])
    ensure(run, "scheduler", [scheduler, *_client(run, network.port("scheduler"))])
    wait_for_answer(run, "/api/v1/namespaces/default/serviceaccounts/default", READY_S, process)


def _prepare(run: Run, network: Network) -> None:
    """Keys, kubeconfigs and the audit policy, the first time. admin.conf is written last and says that all is there."""
    if run.kubeconfig.exists():
        return
    port = network.port("api")
    make_authority(run.folder)
    make_service_account_key(run.folder)
    make_server_certificate(run.folder, ["127.0.0.1", network.api_service, network.machine], NAMES)
    (run.folder / "audit-policy.json").write_text(json.dumps(AUDIT_POLICY))
    for file, user in (("bench", BENCH_USER), ("admin", "admin")):
        make_user_certificate(run.folder, file, user, ADMINISTRATORS)
        write_kubeconfig(run.folder, file, f"https://127.0.0.1:{port}")


def _flags(**values: object) -> list[str]:
    return [f"--{name.replace('_', '-')}={value}" for name, value in values.items()]


def _etcd(run: Run, network: Network) -> list[str]:
    client, peer = (f"http://127.0.0.1:{network.port(name)}" for name in ("etcd", "etcd-peers"))
    urls = {"listen_client_urls": client, "advertise_client_urls": client, "listen_peer_urls": peer}
    cluster = {"initial_advertise_peer_urls": peer, "initial_cluster": f"default={peer}"}
    # Nothing here outlives the machine, so no write waits for the disk.
    return [*_flags(data_dir=run.folder / "etcd", **urls, **cluster, log_level="warn"), "--unsafe-no-fsync"]


def _api_server(run: Run, network: Network) -> list[str]:
    folder = run.folder
    return _flags(
        etcd_servers=f"http://127.0.0.1:{network.port('etcd')}",
        bind_address="0.0.0.0",  # pods reach it by the link; it takes certificates and tokens only
        anonymous_auth="false",
        advertise_address=network.machine,
        secure_port=network.port("api"),
        client_ca_file=folder / "ca.crt",
        tls_cert_file=folder / "server.crt",
        tls_private_key_file=folder / "server.key",
        service_account_key_file=folder / "sa.pub",
        service_account_signing_key_file=folder / "sa.key",
        service_account_issuer="https://kubernetes.default.svc",
        service_cluster_ip_range=network.services,
        authorization_mode="Node,RBAC",
        allow_privileged="true",
        kubelet_client_certificate=folder / "admin.crt",
        kubelet_client_key=folder / "admin.key",
        kubelet_preferred_address_types="InternalIP",  # a node's name is in no DNS
        enable_admission_plugins="NodeRestriction",
        audit_policy_file=folder / "audit-policy.json",
        audit_log_path=run.audit_log,
        max_requests_inflight=800,
        max_mutating_requests_inflight=400,
    )


def _client(run: Run, port: int) -> list[str]:
    return _flags(
        kubeconfig=run.kubeconfig,
        kube_api_qps=1000,
        kube_api_burst=2000,
        leader_elect="false",
        bind_address="127.0.0.1",
        secure_port=port,
    )


def _controllers(run: Run, network: Network) -> list[str]:
    folder = run.folder
    return [
        *_client(run, network.port("controllers")),
        *_flags(
            service_account_private_key_file=folder / "sa.key",
            root_ca_file=folder / "ca.crt",
            cluster_signing_cert_file=folder / "ca.crt",
            cluster_signing_key_file=folder / "ca.key",
            use_service_account_credentials="true",
            concurrent_namespace_syncs=20,
            node_monitor_grace_period="10m",  # with thousands of fake nodes their leases come late
        ),
    ]
