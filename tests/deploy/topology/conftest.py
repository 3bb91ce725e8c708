"""PostgreSQL for the deployments."""

from tests.walle.conftest import postgresql

__all__ = ["postgresql"]
