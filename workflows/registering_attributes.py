"""Has the namespace know Weaver's search attributes, without which no run could note its status."""

import logging

from temporalio.api.enums.v1 import IndexedValueType
from temporalio.api.operatorservice.v1 import AddSearchAttributesRequest, ListSearchAttributesRequest
from temporalio.api.workflowservice.v1 import DescribeNamespaceRequest
from temporalio.client import Client
from temporalio.service import RPCError, RPCStatusCode

from weaver.errors import Unusable
from workflows.attributes import KIND, MODE, STATUS, STRATEGY, SYMBOLS

logger = logging.getLogger(__name__)

_WANTED = {
    key.name: IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST if key is SYMBOLS else IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD
    for key in (KIND, MODE, STRATEGY, SYMBOLS, STATUS)
}
_NOT_FOR_US = (RPCStatusCode.UNIMPLEMENTED, RPCStatusCode.PERMISSION_DENIED, RPCStatusCode.UNAUTHENTICATED)
"""What servers answer that keep the operator's service to themselves, Temporal Cloud among them."""


async def ensure_search_attributes(client: Client) -> None:
    """Register Weaver's search attributes in the client's namespace; those that exist are left alone.

    Raises Unusable, with the command that makes them, where they are missing and the server lets nobody make them this way.
    """
    known = await _known(client)
    missing = {name: kind for name, kind in _WANTED.items() if name not in known}
    if not missing:
        return
    try:
        await client.operator_service.add_search_attributes(
            AddSearchAttributesRequest(namespace=client.namespace, search_attributes=missing)
        )
    except RPCError as problem:
        if problem.status in _NOT_FOR_US:
            raise Unusable(_by_hand(client.namespace, missing)) from problem
        if problem.status is not RPCStatusCode.ALREADY_EXISTS:
            raise


async def _known(client: Client) -> set[str]:
    try:
        asked = ListSearchAttributesRequest(namespace=client.namespace)
        return set((await client.operator_service.list_search_attributes(asked)).custom_attributes)
    except RPCError as problem:
        if problem.status not in _NOT_FOR_US:
            raise
    described = await client.workflow_service.describe_namespace(DescribeNamespaceRequest(namespace=client.namespace))
    return set(described.config.custom_search_attribute_aliases.values())


def _by_hand(namespace: str, missing: dict[str, "IndexedValueType.ValueType"]) -> str:
    kinds = {IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD_LIST: "KeywordList", IndexedValueType.INDEXED_VALUE_TYPE_KEYWORD: "Keyword"}
    pairs = " ".join(f'--sa "{name}={kinds[kind]}"' for name, kind in missing.items())
    return (
        f"The namespace '{namespace}' lacks search attributes that runs need, and its server does not let a worker make them, as Temporal "
        f"Cloud does not. Make them once, in its web page or with: tcld namespace search-attributes add --namespace {namespace} {pairs}"
    )
