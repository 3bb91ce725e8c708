"""The secrets of channels: variables of the environment, or files that such variables name."""

from collections.abc import Mapping

from pydantic import SecretStr

from weaver.environment import FILE, Environment
from weaver.errors import BadInput


def variable(channel: str, name: str) -> str:
    """Return the variable that holds a channel's credential; with `_FILE` at its end it names a file that does."""
    return f"WEAVER_NOTIFY_{channel.upper().replace('-', '_')}_{name}"


def find(channel: str, name: str, environment: Mapping[str, str]) -> SecretStr | None:
    """Return a credential, None where neither variable is set. Raises Unusable when its file cannot be read."""
    found = Environment(environment).get(variable(channel, name))
    return SecretStr(found) if found else None


def required(channel: str, name: str, environment: Mapping[str, str]) -> SecretStr:
    """Return a credential. Raises BadInput, Unusable."""
    found = find(channel, name, environment)
    if found is None:
        key = variable(channel, name)
        raise BadInput(f"Channel '{channel}' needs {key} in the environment, or {key}{FILE} that names a file with it.", field=key)
    return found
