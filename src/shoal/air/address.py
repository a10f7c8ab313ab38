"""Where Ray Serve listens: it has one HTTP server for all that it serves, and the first who starts it says where."""

from dataclasses import dataclass

from shoal.air.errors import SettingInvalid

HOST, PORT = "127.0.0.1", 8000
"""Ray Serve's own."""
EVERYWHERE = ("0.0.0.0", "::")  # noqa: S104 - a name for it
CONTROLLER, NAMESPACE, UNSERVED = "SERVE_CONTROLLER_ACTOR", "serve", "Disabled"


@dataclass(frozen=True)
class Address:
    """host, port: of an HTTP server."""

    host: str
    port: int


def wanted(host: str | None, port: int | None, up: Address | None) -> Address:
    """Where to reach what is to be served, as asked for. None: where Serve is ``up``, if it is.

    Raises:
        SettingInvalid: Serve is up elsewhere.
    """
    if up is None:
        return Address(host or HOST, PORT if port is None else port)
    if port not in (None, up.port):
        raise _elsewhere(f"port={port!r}", up, f"port={up.port}")
    if up.host in EVERYWHERE:
        return Address(host or HOST, up.port)
    if host not in (None, up.host):
        raise _elsewhere(f"host={host!r}", up, f"host={up.host!r}")
    return up


def _elsewhere(asked: str, up: Address, right: str) -> SettingInvalid:
    return SettingInvalid(
        f"{asked}: Ray Serve is up at {up.host}:{up.port}, where it serves all that it serves",
        next_step=f"say {right} or leave it out; to move Serve with all that it serves, serve.shutdown() comes first",
    )


def of_serve() -> Address | None:
    """Where the Serve of the Ray that this process is connected to listens; None where there is no Serve.

    Serve's public status tells no port, so its controller is asked, as `ray.serve.start` asks it.

    Raises:
        SettingInvalid: Serve is up without an HTTP server.
    """
    import ray

    try:
        controller = ray.get_actor(CONTROLLER, namespace=NAMESPACE)
    except ValueError:
        return None
    held = ray.get(controller.get_http_config.remote())
    if held.host is None or held.location == UNSERVED:
        raise SettingInvalid(
            "Ray Serve is up without an HTTP server", next_step="serve.shutdown(), and it is started with one"
        )
    return Address(held.host, held.port)
