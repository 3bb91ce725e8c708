"""Search attributes by which runs are found in Temporal."""

from temporalio.common import SearchAttributeKey

KIND = SearchAttributeKey.for_keyword("WeaverKind")
MODE = SearchAttributeKey.for_keyword("WeaverMode")
STRATEGY = SearchAttributeKey.for_keyword("WeaverStrategy")
SYMBOLS = SearchAttributeKey.for_keyword_list("WeaverSymbols")
SEALED = "sealed"
"""In the memo of workflows that were begun with keys: attributes are never encrypted, so these say no more than they must."""
STATUS = SearchAttributeKey.for_keyword("WeaverStatus")
