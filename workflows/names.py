"""Names that Temporal knows Weaver's things by."""

from temporalio.common import SearchAttributeKey

BACKTEST_RUN = "BacktestRun"
RUN_QUEUE = "weaver"
GRETA_QUEUE = "weaver-greta"

KIND = SearchAttributeKey.for_keyword("WeaverKind")
MODE = SearchAttributeKey.for_keyword("WeaverMode")
STRATEGY = SearchAttributeKey.for_keyword("WeaverStrategy")
SYMBOLS = SearchAttributeKey.for_keyword_list("WeaverSymbols")
STATUS = SearchAttributeKey.for_keyword("WeaverStatus")
