"""What can stand between the command line and a cluster on Kubernetes."""

from shoal.errors import ActionFailed, InputError


class ContainerNotRunning(ActionFailed):
    """The pod is there, and its Ray container does not run, so nothing can be run, read or copied in it.

    `shoal status NAME` says what keeps it: an image that can't be pulled, no machine with room, a crash loop.
    `shoal logs NAME --file start.log` shows what it printed last.
    """

    code = "E730"


class UpgradeRefused(ActionFailed):
    """The API server, or a proxy before it, did not open the websocket that running commands and forwarding ports need.

    A proxy that passes no websockets on is the most common reason; the message has the answer's status. `kubectl exec`
    would fail in the same place. For a missing permission the error is E712.
    """

    code = "E731"


class ConnectionCut(ActionFailed):
    """The connection to the API server broke while something went through it.

    What ran in the pod may go on there: its end is not known. Jobs (`shoal submit`) don't depend on this connection.
    """

    code = "E732"


class NoOperator(ActionFailed):
    """Nothing on this Kubernetes cluster acts on RayCluster objects, so nothing will come of it.

    The object is there and an operator that is started later takes it up. `shoal operator install` installs Shoal's;
    KubeRay's does as well. `shoal down NAME` removes the object.
    """

    code = "E733"


class KindUnknown(ActionFailed):
    """This Kubernetes cluster knows no RayCluster: the definitions of Ray's kinds are not installed.

    `shoal operator install` installs them together with the operator; `shoal operator crds | kubectl apply -f -` the
    definitions alone.
    """

    code = "E734"


class NamespaceDiffers(InputError):
    """The file names one namespace and the command another.

    Leave out `--namespace`, or change `metadata.namespace` in the file; without either, the namespace is the one that
    the context of the kubeconfig names, or `default`.
    """

    code = "E735"


class SeveralPlaces(InputError):
    """Clusters of this name are known in more than one place, and the command is about one.

    Say which: `--context C --namespace N` for one on Kubernetes, `--context ''` for the one on this machine.
    `shoal list` shows them all. Nothing was done to any of them.
    """

    code = "E736"


class NotForKubernetes(InputError):
    """The file is a cluster.yaml of `ray up`, and Kubernetes wants a RayCluster.

    `shoal convert FILE > raycluster.yaml` makes one of it, and says what it could not carry over.
    """

    code = "E737"


class CopyUnsafe(ActionFailed):
    """What came from the pod would have been written outside of the folder that it was to be copied to.

    Code that runs in the cluster can forge what is sent from there, so nothing of the kind is ever written. Look at who
    can run code in the pod.
    """

    code = "E738"


class HelperFailed(ActionFailed):
    """The few lines of Python that list, read and copy files of a pod could not do so in its Ray container.

    They need `python3` on the PATH of the container, which every Ray image has, and nothing else. The message has what
    they said last.
    """

    code = "E739"


class TokenUnavailable(ActionFailed):
    """The cluster lets nobody in without a token, and its token can't be had.

    It is in the Secret that the head pod's RAY_AUTH_TOKEN refers to, and you need the permission to read that (`kubectl
    auth can-i get secrets`). A cluster that takes Kubernetes' own tokens (`enableK8sTokenAuth`) needs a kubeconfig that
    has one: client certificates are of no use there.
    """

    code = "E740"


class CertificateUnavailable(ActionFailed):
    """The cluster's traffic is encrypted, and the certificate that lets a driver in can't be had.

    It is read from the head's own files, those that RAY_TLS_SERVER_CERT, RAY_TLS_SERVER_KEY and RAY_TLS_CA_CERT name in
    its Ray container. `shoal exec` and `shoal submit` run the command on the head and need none here.
    """

    code = "E743"


class NotOnKubernetes(InputError):
    """What was asked for exists on Kubernetes only, and no cluster of this name is known there.

    Say where it is, the first time: `--context C --namespace N`. A cluster on this machine listens on loopback alone,
    and stays there.
    """

    code = "E742"


class KubernetesNotInstalled(ActionFailed):
    """What speaks to Kubernetes is not installed beside Shoal.

    `pip install 'shoal[kubernetes]'` brings it: aiohttp, cryptography, grpclib and what goes with them.
    """

    code = "E741"
