"""A question to a served model over HTTP."""

import json
from typing import Any
from urllib.error import HTTPError
from urllib.request import Request, urlopen


def post(url: str, body: Any) -> tuple[int, Any]:
    """The status and JSON of an answer."""
    try:
        with urlopen(Request(url, json.dumps(body).encode()), timeout=60) as answer:
            return answer.status, json.load(answer)
    except HTTPError as error:
        return error.code, json.load(error)
