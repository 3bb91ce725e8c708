"""The secrets of channels: variables of the environment, or files that such variables name."""

from collections.abc import Mapping
from pathlib import Path

from pydantic import SecretStr

from weaver.errors import BadInput, Unusable

_FILE = "_FILE"


def variable(channel: str, name: str) -> str:
    """Return the variable that holds a channel's credential; with `_FILE` at its end it names a file that does."""
    return f"WEAVER_NOTIFY_{channel.upper().replace('-', '_')}_{name}"


def find(channel: str, name: str, environment: Mapping[str, str]) -> SecretStr | None:
    """Return a credential, None where neither variable is set. Raises Unusable when its file cannot be read."""
    key = variable(channel, name)
    if environment.get(key):
        return SecretStr(environment[key])
    file = environment.get(key + _FILE)
    if not file:
        return None
    try:
        text = Path(file).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as problem:
        raise Unusable(f"{key}{_FILE} names {file}, which cannot be read: {type(problem).__name__}.") from problem
    return SecretStr(text) if text else None


def required(channel: str, name: str, environment: Mapping[str, str]) -> SecretStr:
    """Return a credential. Raises BadInput, Unusable."""
    found = find(channel, name, environment)
    if found is None:
        key = variable(channel, name)
        raise BadInput(f"Channel '{channel}' needs {key} in the environment, or {key}{_FILE} that names a file with it.", field=key)
    return found
