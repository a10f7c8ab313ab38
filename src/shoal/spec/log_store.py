"""Where logs are kept that outlive their pods, as an annotation of the RayCluster says it."""

import re
from typing import Literal

import msgspec

LOGS_TO = "shoal.dev/logs-to"
FORMS = "pvc://CLAIM[/FOLDER] or s3://BUCKET[/FOLDER][?secret=NAME&region=R&endpoint=URL]"

_NAME = r"[a-z0-9](?:[-a-z0-9.]{0,251}[a-z0-9])?"
_STORE = re.compile(rf"(pvc|s3)://({_NAME})((?:/[A-Za-z0-9_=-][A-Za-z0-9._=-]*)*)/?(?:\?(.*))?")
_OPTIONS = {
    "secret": re.compile(_NAME),
    "region": re.compile(r"[a-z0-9-]+"),
    "endpoint": re.compile(r"https?://[A-Za-z0-9.-]+(:[0-9]+)?"),
}


class LogStore(msgspec.Struct, frozen=True):
    """A claim (``pvc``) or a bucket (``s3``) of this name. folder: below it, "" for all of it.

    secret: with the keys AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "" where the pod's account may write without.
    """

    kind: Literal["pvc", "s3"]
    name: str
    folder: str = ""
    secret: str = ""
    region: str = ""
    endpoint: str = ""


def log_store(text: str) -> LogStore | None:
    """What ``text`` means, None if it is of none of FORMS."""
    found = _STORE.fullmatch(text)
    if found is None:
        return None
    kind, name, folder, query = found.groups()
    options = dict(pair.partition("=")[::2] for pair in (query or "").split("&") if pair)
    known = kind == "s3" and options.keys() <= _OPTIONS.keys()
    if options and not (known and all(_OPTIONS[key].fullmatch(value) for key, value in options.items())):
        return None
    return msgspec.convert({"kind": kind, "name": name, "folder": folder.strip("/"), **options}, LogStore)
