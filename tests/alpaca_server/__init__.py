"""A venue that speaks Alpaca's protocol, for tests that must not meet the real one.

The unmodified alpaca-py clients work against it over loopback: trading REST, market data REST, the `trade_updates` stream and both
market data streams. Prices, fills, the clock, the session and every kind of failure are under the test's control, and a ledger keeps what
was really accepted and filled, whatever clients were told.

Start it inside a test (all of it runs on the test's event loop; call blocking clients through `asyncio.to_thread`):

    async with AlpacaServer(accounts=[AccountSpec(name="paper", key="PK1", secret="s1")]) as server:
        server.commands.set_price("AAPL", "200")
        server.commands.add_fault(Fault(kind="reset", when="after", method="POST", times=1))

or in a process of its own, which outlives whoever is killed (`Control` has the methods of `server.commands`, over HTTP, blocking):

    with ServerProcess(state="ledger.jsonl") as process:      # or: python -m tests.alpaca_server --port 0 --state ledger.jsonl
        process.control.set_price("AAPL", "200")
        process.control.ledger()

Point clients at it:

    TradingClient(key, secret, url_override=server.url)                 root: the keys alone choose the account
    TradingClient(key, secret, url_override=server.paper_url)           as the paper host: keys of live accounts are refused
    TradingClient(key, secret, paper=False, url_override=server.live_url)
    TradingStream(key, secret, url_override=server.stream_url)          also paper_stream_url, live_stream_url
    StockHistoricalDataClient(key, secret, url_override=server.data_url)
    CryptoHistoricalDataClient(url_override=server.data_url)
    StockDataStream(key, secret, url_override=server.stock_stream_url)
    CryptoDataStream(key, secret, url_override=server.crypto_stream_url)

What is not settled by Alpaca's own documents is taken the harder way: activity ids are not execution ids, an answer tells of the moment of
acceptance even when it comes late, `after` pages by nanoseconds, and the id of a canceled order stays taken.

Where things are: server.py composes; gate.py takes each request past keys, limits, faults and hooks; trading_api.py, lists.py and
data_api.py answer; draft.py reads an order, rules.py, permission.py and replacing.py refuse it; venue.py, life.py and executions.py move it
through its life; matching.py, prices.py, bars.py and sessions.py are the market; accounts.py and money.py keep books; ledger.py the truth;
trade_stream.py, data_stream.py and outbox.py stream; faults.py says what goes wrong; commands.py what a test may do, control.py and
process.py the same from another process; clients.py points alpaca-py at it.
"""
