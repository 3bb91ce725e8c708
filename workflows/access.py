"""Where the Temporal server is, and what lets one in: Weaver's own variables, and those that all of Temporal's tools share.

TEMPORAL_ADDRESS, TEMPORAL_NAMESPACE, TEMPORAL_API_KEY, TEMPORAL_TLS_*, or a profile in a TOML file. They count only where the environment
names a server: a stack on this machine is reached without, whatever else is set for other tools.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

from weaver.errors import BadInput
from weaver.settings import Settings

if TYPE_CHECKING:
    from temporalio.envconfig import ClientConfigProfile, ClientConnectConfig  # loaded only where a server is named

OWN = "WEAVER_TEMPORAL_ADDRESS"
_IN_FILE = ("TEMPORAL_PROFILE", "TEMPORAL_CONFIG_FILE")
_NAMING = ("TEMPORAL_ADDRESS", *_IN_FILE)
PREFIX = "TEMPORAL_"


def placed(settings: Settings, environment: Mapping[str, str]) -> Settings:
    """Return the settings with the server and namespace that Temporal's variables name, where Weaver's own do not. Raises BadInput."""
    if not any(environment.get(name) for name in _NAMING):
        return settings
    profile = _profile(environment)
    found: dict[str, str] = {}
    if settings.temporal_address is None:
        if not profile.address:
            raise BadInput(
                "Temporal's profile names no address. Set TEMPORAL_ADDRESS, or `address` in the profile.", field="TEMPORAL_ADDRESS"
            )
        found["temporal_address"] = profile.address
    if profile.namespace and "temporal_namespace" not in settings.model_fields_set:
        found["temporal_namespace"] = profile.namespace
    return settings.model_copy(update=found)


def access(environment: Mapping[str, str]) -> "ClientConnectConfig":
    """Return the API key, TLS and metadata to connect with; empty where the environment names no server. Raises BadInput."""
    has_own = any(name.startswith(PREFIX) and value for name, value in environment.items())
    if not has_own or not any(environment.get(name) for name in (OWN, *_NAMING)):
        return {}
    profile = _profile(environment)
    try:
        return profile.to_client_connect_config()
    except OSError as problem:
        raise BadInput(f"A certificate or key of the Temporal server cannot be read: {problem.filename}: {problem.strerror}.") from None


def server_named_by(environment: Mapping[str, str]) -> str:
    """Return the variable that names the server."""
    return next((name for name in (OWN, *_NAMING) if environment.get(name)), OWN)


def _profile(environment: Mapping[str, str]) -> "ClientConfigProfile":
    from temporalio.envconfig import ClientConfigProfile  # the SDK's native part: not for commands that need no server

    names_file = any(environment.get(name) for name in _IN_FILE)
    try:
        # The file that all tools read by default is meant for them; here it counts when it is named.
        return ClientConfigProfile.load(disable_file=not names_file, override_env_vars={**environment})
    except (RuntimeError, ValueError, OSError) as problem:
        raise BadInput(f"Temporal's settings cannot be read ({', '.join(_IN_FILE)}, TEMPORAL_*): {problem}.") from None
