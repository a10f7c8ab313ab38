"""Pods of a cluster as the command line sees them: which is the head, where Ray runs in it, its ports and its token."""

import base64
import binascii

import msgspec

from shoal.backends.kubernetes.client import Client
from shoal.backends.kubernetes.errors import Forbidden, NotFound
from shoal.backends.kubernetes.remote.errors import ContainerNotRunning, TokenUnavailable
from shoal.backends.kubernetes.remote.execute import Seat
from shoal.backends.kubernetes.resources import PODS, SECRETS
from shoal.errors import HeadNotRunning
from shoal.spec.ray_start import HEAD_PORT_NAMED, HEAD_PORT_OF
from shoal.spec.wire import Wire
from shoal.world.blockers import why_not_running
from shoal.world.from_kubernetes import is_head
from shoal.world.kubernetes import CLUSTER, NODE_TYPE, Container, Pod, PodPlace

TRUE = ("1", "true", "True")
DEFAULT_LOGS = "/tmp/ray/session_latest/logs"  # noqa: S108 - in the pod, where Ray has it


class SecretKey(Wire, frozen=True):
    name: str = ""
    key: str = ""


class Source(Wire, frozen=True):
    secret_key_ref: SecretKey | None = None


class Variable(Wire, frozen=True):
    name: str
    value: str = ""
    value_from: Source | None = None


class ContainerPort(Wire, frozen=True):
    container_port: int = 0
    name: str = ""


class RayContainer(Container, frozen=True):
    image: str = ""
    args: tuple[str, ...] = ()
    env: tuple[Variable, ...] = ()
    ports: tuple[ContainerPort, ...] = ()


class RayPodSpec(PodPlace, frozen=True):
    containers: tuple[RayContainer, ...] = ()


class RayPod(Pod, frozen=True):
    """A pod, with what says how Ray is reached in it. The first container is Ray's."""

    spec: RayPodSpec = RayPodSpec()

    @property
    def ray(self) -> RayContainer:
        """The container that runs Ray."""
        return self.spec.containers[0]

    @property
    def runs(self) -> bool:
        """Whether its Ray container runs, ready or not."""
        states = [status.state for status in self.status.container_statuses if status.name == self.ray.name]
        started = bool(states) and states[0].waiting is None and states[0].terminated is None
        return started and self.status.phase == "Running"

    @property
    def logs_folder(self) -> str:
        """Where Ray writes its logs there."""
        folder = self.option("temp-dir")
        return f"{folder}/session_latest/logs" if folder else DEFAULT_LOGS

    def port(self, name: str) -> int:
        """Where ``gcs``, ``dashboard`` or ``client`` listens: as Ray is told, which a script may do unseen.

        Then what the container lists is the best guess.
        """
        known = HEAD_PORT_NAMED[name]
        told = self.option(known.option)
        if told.isdecimal():
            return int(told)
        if "ray start" in " ".join(self.ray.args):
            return known.default
        named = (port.container_port for port in self.ray.ports if HEAD_PORT_OF.get(port.name) == name)
        return next(named, known.default)

    def variable(self, name: str) -> Variable:
        """A variable of its Ray container; an empty one if it has none of this name."""
        return next((known for known in self.ray.env if known.name == name), Variable(name))

    def option(self, name: str) -> str:
        """What an option of `ray start` was given there, "" if nothing."""
        words = [word for argument in self.ray.args for word in argument.split()]
        return next((word.partition("=")[2] for word in words if word.startswith(f"--{name}=")), "")


async def pods_of(client: Client, namespace: str, cluster: str) -> tuple[RayPod, ...]:
    """The Ray pods of a cluster, or of all if it is "", heads first."""
    labels = f"{CLUSTER}{f'={cluster}' if cluster else ''},{NODE_TYPE} in (head,worker)"
    listed = await client.list(PODS, RayPod, namespace=namespace, labels=labels)
    return tuple(sorted(listed.items, key=lambda pod: (pod.metadata.labels[NODE_TYPE], pod.metadata.name)))


async def head_of(client: Client, namespace: str, cluster: str) -> RayPod:
    """The head whose Ray container runs. Raises HeadNotRunning, with what keeps it from running."""
    heads = [pod for pod in await pods_of(client, namespace, cluster) if is_head(pod)]
    staying = [pod for pod in heads if pod.metadata.deletion_timestamp is None]
    running = [pod for pod in staying if pod.runs]
    if running:
        return max(running, key=lambda pod: pod.metadata.creation_timestamp)
    if not heads:
        why = "it has no head pod"
    elif not staying:
        why = "its head pod is about to end"
    else:
        why = f"its head does not run: {why_not_running(staying[0]).message}"
    raise HeadNotRunning(why, where=cluster, next_step=f"`shoal status {cluster}` says more")


def seat_of(pod: RayPod) -> Seat:
    """Where commands for its Ray container are put. Raises ContainerNotRunning."""
    name = pod.metadata.name
    if not pod.runs:
        why = why_not_running(pod)
        raise ContainerNotRunning(f"its Ray container does not run: {why.message}", where=name, next_step=why.next_step)
    return Seat(pod.metadata.namespace, name, pod.ray.name)


async def token_of(client: Client, pod: RayPod, own: str) -> str:
    """The token that the cluster of this head wants; "" if it wants none. own: of this user on Kubernetes, or "".

    Raises TokenUnavailable.
    """
    if pod.variable("RAY_AUTH_MODE").value != "token":
        return ""
    where = pod.metadata.labels[CLUSTER]

    def unavailable(why: str, next_step: str) -> TokenUnavailable:
        return TokenUnavailable(why, where=where, next_step=next_step)

    if pod.variable("RAY_ENABLE_K8S_TOKEN_AUTH").value in TRUE:
        if own:
            return own
        step = "use a kubeconfig with a token, as of `kubectl create token`"
        raise unavailable("it takes Kubernetes' own tokens, and the kubeconfig has none", step)
    variable = pod.variable("RAY_AUTH_TOKEN")
    if variable.value:
        return variable.value
    key = variable.value_from.secret_key_ref if variable.value_from else None
    if key is None:
        step = "set RAY_AUTH_TOKEN of the head from a Secret, or leave the token to the operator"
        raise unavailable("its head does not say which Secret has the token", step)
    return await _from_secret(client, pod.metadata.namespace, key, where)


class _Secret(msgspec.Struct, frozen=True):
    data: dict[str, str] = {}


async def _from_secret(client: Client, namespace: str, key: SecretKey, where: str) -> str:
    try:
        secret = await client.get(SECRETS, namespace, key.name, _Secret)
        return base64.b64decode(secret.data[key.key], validate=True).decode().strip()
    except Forbidden as error:
        step = f"ask for the permission to get secret {key.name!r} in namespace {namespace}"
        raise TokenUnavailable(f"you may not read its token: {error.message}", where=where, next_step=step) from error
    except NotFound:
        why = f"there is no secret {key.name!r}"
    except KeyError:
        why = f"secret {key.name!r} has no key {key.key!r}"
    except (binascii.Error, UnicodeDecodeError):
        why = f"key {key.key!r} of secret {key.name!r} is no text"
    raise TokenUnavailable(why, where=where, next_step=f"`shoal status {where}` may say why")
