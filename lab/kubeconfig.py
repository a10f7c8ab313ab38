"""The kubeconfig of a user of the lab, its keys inside."""

import base64
import json
from pathlib import Path

NAME = "shoal-lab"


def write_kubeconfig(folder: Path, user: str, server: str, name: str = "") -> Path:
    """NAME.conf (NAME is ``user`` by default) from USER.crt and USER.key. JSON, which is YAML too."""

    def encoded(name: str) -> str:
        return base64.b64encode((folder / name).read_bytes()).decode()

    cluster = {"server": server, "certificate-authority-data": encoded("ca.crt")}
    keys = {"client-certificate-data": encoded(f"{user}.crt"), "client-key-data": encoded(f"{user}.key")}
    content = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": NAME, "cluster": cluster}],
        "users": [{"name": user, "user": keys}],
        "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": user}}],
        "current-context": NAME,
    }
    path = folder / f"{name or user}.conf"
    path.touch(mode=0o600)
    path.write_text(json.dumps(content, indent=1) + "\n")
    return path
