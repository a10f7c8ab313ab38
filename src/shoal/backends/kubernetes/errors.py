"""What an API server, or the way to it, can refuse: as types, so that callers branch on them and never on words."""

from enum import StrEnum
from typing import ClassVar

import msgspec

from shoal.backends.kubernetes.transport import ApiUnreachable, Response
from shoal.errors import ActionFailed, InputError
from shoal.spec.wire import Wire


class Fate(StrEnum):
    """What becomes of a request that was refused.

    RETRY: look at the world again and try again, later and later.
    USER: it fails until a person changes a manifest, a permission or a quota; say so where they look.
    TERMINAL: the same request never works.
    """

    RETRY = "retry"
    USER = "user"
    TERMINAL = "terminal"


class Cause(Wire, frozen=True):
    """One of several reasons. field: of the manifest, as ``spec.containers[0].image``."""

    reason: str = ""
    message: str = ""
    field: str = ""


class Details(Wire, frozen=True):
    name: str = ""
    kind: str = ""
    uid: str = ""
    causes: tuple[Cause, ...] | None = None
    retry_after_seconds: int = 0


class Status(Wire, frozen=True):
    """The API server's own way of saying what went wrong."""

    message: str = ""
    reason: str = ""
    code: int = 0
    details: Details | None = None


class ApiError(ActionFailed):
    """The Kubernetes API server refused a request; the message is its own.

    Where the message names a field, the manifest has something that this API server doesn't know or allow. Nothing
    was changed by the request.
    """

    code = "E716"
    fate: ClassVar[Fate] = Fate.TERMINAL

    def __init__(
        self, status: int, answer: Status, *, where: str = "", next_step: str = "", retry_after_s: float = 0
    ) -> None:
        self.status = status
        """The HTTP status, or that of an error within a watch."""
        self.reason = answer.reason
        """The API server's CamelCase word for it, "" if it gave none."""
        self.message = answer.message or f"the API server answered {status} and said nothing more"
        self.causes = (answer.details.causes if answer.details else None) or ()
        self.retry_after_s = retry_after_s or (answer.details.retry_after_seconds if answer.details else 0)
        """What the server asks to wait, in seconds; 0 if it says nothing."""
        super().__init__(self.message, where=where, next_step=next_step)


class Unauthorized(ApiError):
    """The Kubernetes API server does not know who asks: the credentials are missing, wrong or have expired.

    `kubectl --context CONTEXT auth whoami` fails in the same way. Log in again as your cluster's provider says; in a
    pod, see that its service account still exists.
    """

    code = "E713"
    fate = Fate.USER


class Forbidden(ApiError):
    """The Kubernetes API server knows who asks, and doesn't allow it.

    The message says what was missing: a permission (`kubectl auth can-i VERB RESOURCE` tells, a Role and a RoleBinding
    give it), room in a ResourceQuota, or a rule of an admission policy, as Pod Security. A namespace that is being
    deleted refuses every new object in the same way.
    """

    code = "E712"
    fate = Fate.USER


class NotFound(ApiError):
    """There is no such object, or no such kind of object, on the Kubernetes API server.

    It was deleted meanwhile, or it is in another namespace, or the definitions of Ray's kinds are not installed:
    `kubectl api-resources --api-group ray.io` lists them.
    """

    code = "E707"
    fate = Fate.RETRY


class Conflict(ApiError):
    """Somebody else changed the object at the same time, or owns the field that was to be set.

    Shoal looks again and tries again by itself. If it goes on, two programs want different values of the same field;
    `kubectl get KIND NAME -o yaml --show-managed-fields` names them.
    """

    code = "E708"
    fate = Fate.RETRY


class AlreadyExists(ApiError):
    """There is an object of this name already, so it can't be created.

    Shoal looks whose it is. If it belongs to something else, give the cluster another name, or delete that object.
    """

    code = "E709"
    fate = Fate.RETRY


class Gone(ApiError):
    """The version of the objects from which a watch or a list was to go on is too old for the API server.

    Shoal lists them again by itself.
    """

    code = "E710"
    fate = Fate.RETRY


class Invalid(ApiError):
    """The Kubernetes API server found a manifest invalid; the message names each field.

    Mend the field in the manifest of the cluster that it comes from, and apply it again.
    """

    code = "E711"
    fate = Fate.USER


class BadRequest(ApiError):
    """The Kubernetes API server could not make sense of a manifest: something in it is of the wrong type.

    The message names the field in the words of the server's own code. Mend it in the manifest of the cluster that it
    comes from, and apply it again.
    """

    code = "E718"
    fate = Fate.USER


class TooManyRequests(ApiError):
    """The Kubernetes API server has more to do than it wants to take.

    Shoal waits as long as it was asked to, several times. If that didn't help, the API server is overloaded, or a flow
    schema (`kubectl get flowschemas`) gives this account too little.
    """

    code = "E714"
    fate = Fate.RETRY


class ServerFault(ApiError):
    """Something in the Kubernetes API server, in its storage or in a webhook that it asks, failed.

    Whether the request was carried out is not known; Shoal looks before it tries again. The message names a webhook
    if one is to blame.
    """

    code = "E715"
    fate = Fate.RETRY


class AnswerGarbled(ActionFailed):
    """What answered is not a Kubernetes API server, or it sent an object of a shape that its kind doesn't have.

    Most often a proxy or a login page is in between, or the kubeconfig names the address of something else.
    """

    code = "E717"


class NoKubeconfig(InputError):
    """No kubeconfig file was found, and this isn't a pod of a cluster either.

    Name one with --kubeconfig or in KUBECONFIG, or put it at ~/.kube/config. Your cluster's provider has a command
    that writes one.
    """

    code = "E702"


class KubeconfigInvalid(InputError):
    """A kubeconfig file can't be read, or something in it is missing or of the wrong kind.

    `kubectl config view --minify` shows what kubectl makes of it.
    """

    code = "E703"


class ContextUnknown(InputError):
    """The kubeconfig has no context of this name.

    `kubectl config get-contexts` lists those there are.
    """

    code = "E704"


class CredentialsMissing(ActionFailed):
    """The kubeconfig says how to get credentials, and that did not work.

    Either the program that it names failed (its words are shown: often it wants you to log in again) or is not
    installed, or a file with a token or a certificate can't be read.
    """

    code = "E705"


class ServerUntrusted(ApiUnreachable):
    """The server's certificate is not one that the kubeconfig vouches for, so nothing was sent to it.

    Either the kubeconfig has the certificate authority of an earlier cluster at the same address (get a new one), or
    something between you and the cluster opens the connection.
    """

    code = "E706"


_BY_STATUS: dict[int, type[ApiError]] = {
    400: BadRequest,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    422: Invalid,
    429: TooManyRequests,
}
_DECODER = msgspec.json.Decoder(Status)


def error_of(response: Response, where: str = "") -> ApiError:
    """The error that an answer of status 400 or more is. where: what was asked."""
    return error_of_status(response.status, read_status(response.body), where, response.retry_after_s)


def error_of_status(status: int, answer: Status, where: str = "", retry_after_s: float = 0) -> ApiError:
    """The error that a Status object stands for; one within a watch comes without a response."""
    kind = _BY_STATUS.get(status, ServerFault if status >= 500 else ApiError)
    if answer.reason == "AlreadyExists":
        kind = AlreadyExists
    return kind(status, answer, where=where, retry_after_s=retry_after_s)


def read_status(body: bytes) -> Status:
    """The Status in ``body``; where there is none, one whose message is the beginning of the text."""
    try:
        return _DECODER.decode(body)
    except msgspec.DecodeError:
        return Status(message=body[:500].decode(errors="replace").strip())
