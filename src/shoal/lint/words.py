"""Which names stand for secrets, and which values are secrets rather than references to one."""

import re

_SECRET = frozenset(("PASSWORD", "PASSWD", "PASSPHRASE", "TOKEN", "SECRET", "APIKEY", "CREDENTIALS", "PRIVATEKEY"))
_KEYS = frozenset(
    ("API", "ACCESS", "SECRET", "PRIVATE", "ENCRYPTION", "SIGNING", "AUTH", "ACCOUNT", "MASTER", "LICENSE")
)
_REFERENCE = re.compile(r"\$|/|~|file:|<|\{\{")
_SWITCH = frozenset(("", "true", "false", "yes", "no", "on", "off", "none", "null", "disabled", "enabled", "token"))
_ASSIGNMENT = re.compile(r"\b([A-Za-z][A-Za-z0-9_]*)=(\"[^\"]*\"|'[^']*'|[^\s;&|]+)")


def is_secret_name(name: str) -> bool:
    """Whether a variable of that name holds a secret: HF_TOKEN, DB_PASSWORD, AWS_SECRET_ACCESS_KEY."""
    words = re.split(r"[_\W]+", name.upper())
    return words[-1] in _SECRET or (words[-1] == "KEY" and len(words) > 1 and words[-2] in _KEYS)


def is_literal_secret(name: str, value: str) -> bool:
    """Whether ``value`` is itself a secret: no switch, number, path or reference to a variable."""
    is_plain = value.lower() not in _SWITCH and not value.isdecimal() and _REFERENCE.match(value) is None
    return is_plain and is_secret_name(name)


def assigned_secrets(command: str) -> list[str]:
    """The names of secrets that a shell command sets to a literal value."""
    return [name for name, value in _ASSIGNMENT.findall(command) if is_literal_secret(name, value.strip("\"'"))]
