"""The way to Temporal: made when it is first needed, and kept."""

import asyncio

from temporalio.client import Client

from workflows.client import connect


class Door:
    """Gives one connected client to all requests; the SDK mends its connection by itself.

    A server that does not answer at first is tried again by the next request, so that the API may start before it.
    """

    def __init__(self, address: str, namespace: str) -> None:
        self.address = address
        self.namespace = namespace
        self._client: Client | None = None
        self._connecting = asyncio.Lock()

    async def client(self) -> Client:
        """Return a client that was connected once. Raises Unavailable within about two seconds when no server answers."""
        if self._client is None:
            async with self._connecting:
                if self._client is None:
                    self._client = await connect(self.address, self.namespace)
        return self._client
