"""Names inside of a pod that an operator gives out itself, KubeRay's and Shoal's alike."""

TLS_VOLUME, TLS_PATH = "ray-tls", "/etc/ray/tls"
TLS_VARIABLES = ("RAY_USE_TLS", "RAY_TLS_SERVER_CERT", "RAY_TLS_SERVER_KEY", "RAY_TLS_CA_CERT")
STORE_VOLUME, STORE_PATH = "gcs-storage", "/data/gcs"
STORE_VARIABLES = ("RAY_gcs_storage", "RAY_gcs_storage_path")
AUTOSCALER_COMMAND = "KUBERAY_GEN_AUTOSCALER_START_CMD"
COLLECTOR = "ray-history-collector"
COLLECTOR_VARIABLES = (
    "EVENTS_PORT",
    "FQ_RAY_IP",
    "OWNER_KIND",
    "OWNER_NAME",
    "POD_IP",
    "RAY_CLUSTER_NAME",
    "RAY_CLUSTER_NAMESPACE",
    "RAY_ROLE",
)
