"""What can go wrong between Shoal and the Jobs API of a Ray cluster, and in packing what a job needs."""

from shoal.errors import ActionFailed, InputError


class DashboardUnreachable(ActionFailed):
    """Nothing answered at the address of the cluster's dashboard, or it stopped answering midway.

    The Jobs API is served by the dashboard on the head node. Either the head is down, or it is still starting, or a
    firewall or port-forward is in between. `shoal status NAME` says which; `shoal up FILE` brings a dead head back.
    Jobs that were already running keep running: only the connection to them was lost.
    """

    code = "E401"


class Unauthorized(ActionFailed):
    """The dashboard asks for a token and did not accept ours.

    401 means that none was sent, 403 that it is the wrong one. A cluster that was re-made has a new token:
    run `eval "$(shoal env NAME)"` again in shells that keep the old one.
    """

    code = "E402"


class JobNotFound(InputError):
    """The cluster knows no job of this submission id.

    `shoal jobs NAME` lists those it knows. Ray forgets jobs when the head restarts without external storage.
    """

    code = "E403"


class JobRejected(ActionFailed):
    """Ray understood the request and refused it; the message is Ray's own.

    Usual reasons: the submission id is taken, a field of the runtime environment has the wrong type, or the job is
    not one that was submitted (drivers that were started by hand can be listed but not stopped).
    """

    code = "E404"


class DashboardGarbled(ActionFailed):
    """Something answered at the dashboard's address, but not as Ray's Jobs API does.

    Most often another program owns the port, or a proxy in between shows its own page. It may also be a Ray version
    that Shoal was not tested against.
    """

    code = "E405"


class LogUnreadable(ActionFailed):
    """The rest of a job's log could not be read, though the job itself ended.

    Ray serves job logs as UTF-8 text and gives up on a log that holds other bytes. The file itself is whole:
    `shoal logs NAME` shows it (`job-driver-<submission id>.log`).
    """

    code = "E406"


class PackageTooLarge(InputError):
    """The working directory (or a local Python module) is larger than Ray's dashboard takes in one upload: 100 MiB.

    Name what the job doesn't need in `.rayignore`, `.gitignore` or `excludes` of the runtime environment, or put the
    data on storage that the nodes can reach and give a URI as `working_dir`. The limit is on the compressed package.
    """

    code = "E407"


class PackageInvalid(InputError):
    """The working directory (or a local Python module) can't be packed as it is.

    It is missing, unreadable, or holds a symbolic link that leads out of it or in a circle. Links out are refused
    rather than followed, so that no file from outside the folder is uploaded by accident: copy the file in, or
    exclude the link.
    """

    code = "E408"


class RuntimeEnvInvalid(InputError):
    """The runtime environment can't be read or has a value of the wrong type.

    It is a YAML mapping as Ray's documentation describes: `working_dir`, `py_modules`, `excludes`, `pip`, `uv`,
    `conda`, `env_vars` and so on. Paths in it are relative to the folder that the command runs in.
    """

    code = "E409"
