"""Payloads are sealed where keys are given: who sees Temporal's database reads nothing, and keys can be changed while runs go on."""

import asyncio
import base64
import binascii
import json
import re
from collections.abc import AsyncGenerator
from pathlib import Path

import httpx
import pytest
from temporalio.api.common.v1 import Payload
from temporalio.client import Client, WorkflowFailureError

from api.main import create_app
from tests.api.serving import serving
from tests.workflows.stack import SYMBOL, Stack, until
from weaver.errors import BadInput, Unavailable, Unusable
from weaver.glados.requests import RunCreate
from weaver.glados.runs import RunStatus
from weaver.settings import Settings
from workflows.client import connect, result, start_backtest, state
from workflows.encryption import ENCODING, Encryption, encryption_of
from workflows.histories import read_link
from workflows.trading_client import start_trading

OLD, NEW = base64.b64encode(b"o" * 32).decode(), base64.b64encode(b"n" * 32).decode()
PLAIN = Payload(metadata={"encoding": b"json/plain"}, data=b'{"strategy":"sma-cross"}')


def sealing(text: str) -> Encryption:
    encryption = encryption_of({"WEAVER_ENCRYPTION_KEYS": text})
    assert encryption
    return encryption


async def test_what_is_sealed_with_any_key_is_opened_and_with_the_first_is_sealed() -> None:
    (before,) = await sealing(f"old:{OLD}").encode([PLAIN])
    both = sealing(f"new:{NEW},old:{OLD}")
    (after,) = await both.encode([PLAIN])
    assert (before.metadata["encryption-key-id"], after.metadata["encryption-key-id"]) == (b"old", b"new")
    assert b"sma-cross" not in before.data + after.data
    assert await both.decode([before, after, PLAIN]) == [PLAIN] * 3


async def test_a_key_that_is_not_there_is_named_and_a_changed_payload_is_refused() -> None:
    (sealed,) = await sealing(f"old:{OLD}").encode([PLAIN])
    with pytest.raises(Unusable, match="the key 'old', which WEAVER_ENCRYPTION_KEYS does not have"):
        await sealing(f"new:{NEW}").decode([sealed])
    with pytest.raises(Unusable, match="the key is another one"):
        await sealing(f"old:{NEW}").decode([sealed])
    sealed.data = sealed.data[:-1] + bytes([sealed.data[-1] ^ 1])
    with pytest.raises(Unusable, match="payload was changed"):
        await sealing(f"old:{OLD}").decode([sealed])


@pytest.mark.parametrize("text", [OLD, f":{OLD}", f"a:{OLD},a:{NEW}", "a:c2hvcnQ=", "a:???not base64???"])
def test_keys_that_cannot_be_used_are_refused_without_being_shown(text: str) -> None:
    with pytest.raises(BadInput, match="WEAVER_ENCRYPTION_KEYS") as refusal:
        encryption_of({"WEAVER_ENCRYPTION_KEYS": text})
    assert OLD not in str(refusal.value)
    assert "not base64?" not in str(refusal.value)


async def test_keys_come_from_a_file_as_well(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(f"new:{NEW}\nold:{OLD}\n")
    encryption = encryption_of({"WEAVER_ENCRYPTION_KEYS_FILE": str(file)})
    assert encryption
    assert await encryption.decode(await sealing(f"old:{OLD}").encode([PLAIN])) == [PLAIN]
    with pytest.raises(BadInput, match="no-such-file"):
        encryption_of({"WEAVER_ENCRYPTION_KEYS_FILE": "/no-such-file"})


# On a real server.


@pytest.fixture
async def stack(tmp_path: Path) -> AsyncGenerator[Stack, None]:
    stack = Stack(tmp_path / "home", {"WEAVER_GRETA_SLOTS": "1", "WEAVER_MARVIN_SLOTS": "1"})
    try:
        stack.start_temporal()
        yield stack
    finally:
        stack.stop()


async def restarted(stack: Stack, keys: str, monkeypatch: pytest.MonkeyPatch) -> Client:
    """Have the worker, and this process, work with these keys from now on."""
    if stack.worker:
        stack.worker.terminate()
        await asyncio.to_thread(stack.worker.wait, 20)
    stack.environment["WEAVER_ENCRYPTION_KEYS"] = keys
    monkeypatch.setenv("WEAVER_ENCRYPTION_KEYS", keys)
    stack.start_worker()
    await stack.ready()
    return await connect(stack.address)


async def history(client: Client, workflow_id: str) -> str:
    """Return all that the server holds of a workflow: its history, and what is coded in it."""
    text = (await client.get_workflow_handle(workflow_id).fetch_history()).to_json()
    return text + "".join(decoded(coded) for coded in re.findall(r'": "([A-Za-z0-9+/=]{8,})"', text))


def decoded(coded: str) -> str:
    try:
        return base64.b64decode(coded, validate=True).decode("latin-1")
    except binascii.Error:
        return ""


async def test_a_server_holds_no_plain_text_and_runs_go_on_after_a_change_of_keys(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    client = await restarted(stack, f"old:{OLD}", monkeypatch)
    body = {"strategy": "spinner", "symbols": [SYMBOL], "timeframe": "1m", "params": {"spin": 7_654}, "window_bars": 1_000}
    run_id = await start_backtest(client, RunCreate.model_validate(body))
    failing = await start_backtest(client, RunCreate.model_validate({"strategy": "divides", "symbols": [SYMBOL], "timeframe": "1m"}))
    paper = {"mode": "paper", "strategy": "sma-cross", "symbols": ["HIDDEN/USD"], "timeframe": "1s", "params": {"fast": 1, "slow": 2}}
    trading = await start_trading(client, RunCreate.model_validate({**paper, "cash": "12345.67"}))
    assert (await result(client, run_id)).status is RunStatus.COMPLETED
    failed = await result(client, failing)
    assert failed.error
    assert "division by zero" in failed.error.message  # sealed in its history, plain for who has the key

    async def has_ordered() -> str | None:
        found = [one.id async for one in client.list_workflows("WorkflowType = 'Order'")]
        return next(iter(found), None)

    order = await until(has_ordered, "an order")
    for workflow_id in (run_id, failing, trading, order):
        held = await history(client, workflow_id)
        assert "binary/encrypted" in held
        # The number with the colon before it: four digits alone are found in the nanoseconds of an event's time, some day.
        words = ["spinner", "SEED/USD", '"spin"', ":7654", ": 7654", "divides", "division by zero", "sma-cross", "HIDDEN/USD", "12345.67"]
        for word in words:
            assert word not in held, f"{word} in {workflow_id}"
    link = (await client.get_workflow_handle(run_id).describe()).run_id
    told = await read_link(client, run_id, link)
    assert [event.type for event in told.events][-1] == "run.Completed"

    client = await restarted(stack, f"new:{NEW},old:{OLD}", monkeypatch)

    async def bars_done() -> int:
        try:
            return (await state(client, trading)).progress.bars_done
        except (Unavailable, Unusable):  # the worker is about to be ready, or busy
            known = stack.queries.run(trading)
            assert not known.status.is_final, f"the run is {known.status}: {known.error}"
            return 0

    before = await until(bars_done, "an answer under the new key")

    async def goes_on() -> bool:
        return await bars_done() > before + 1

    await until(goes_on, "ticks under the new key")
    held = await history(client, trading)
    assert encoded(b"new") in held

    monkeypatch.setenv("WEAVER_ENCRYPTION_KEYS", f"new:{NEW}")
    bare = await connect(stack.address)
    with pytest.raises((Unusable, WorkflowFailureError), match="'old'"):
        await result(bare, run_id)


def encoded(value: bytes) -> str:
    return base64.b64encode(value).decode()


async def test_temporals_page_and_command_line_read_by_the_api_with_its_token(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> None:
    token = "sixteen-letters-or-more"
    monkeypatch.setenv("WEAVER_ENCRYPTION_KEYS", f"old:{OLD}")
    (sealed,) = await sealing(f"old:{OLD}").encode([PLAIN])
    metadata = {name: encoded(value) for name, value in sealed.metadata.items()}
    document = {"payloads": [{"metadata": metadata, "data": encoded(sealed.data)}]}
    app = create_app(Settings.model_validate({"home": stack.home, "api_token": token, "temporal_address": stack.address}))
    async with serving(app) as address, httpx.AsyncClient(base_url=address) as client:
        assert (await client.post("/api/v1/codec/decode", json=document)).status_code == 401
        headers = {"Authorization": f"Bearer {token}", "X-Namespace": "default"}
        answer = await client.post("/api/v1/codec/decode", json=document, headers=headers)
        (payload,) = answer.json()["payloads"]
        assert json.loads(base64.b64decode(payload["data"])) == {"strategy": "sma-cross"}
        again = (await client.post("/api/v1/codec/encode", json=answer.json(), headers=headers)).json()["payloads"][0]
        assert base64.b64decode(again["metadata"]["encoding"]) == ENCODING
        refused = await client.post("/api/v1/codec/decode", json={"payloads": 3}, headers=headers)
        assert refused.status_code == 422

        await stack.connected()
        named = ("--workflow-id", "w")
        by_codec = ("--codec-endpoint", f"{address}/api/v1/codec", "--codec-auth", f"Bearer {token}")
        started = ("workflow", "start", *named, "--type", "Nothing", "--task-queue", "none", "--input", '{"word": "secret"}', *by_codec)
        show = ("workflow", "show", *named, "--output", "json")
        read = await asyncio.to_thread(stack.cli, *started)
        assert read.returncode == 0, read.stderr
        bare = await asyncio.to_thread(stack.cli, *show)
        shown = await asyncio.to_thread(stack.cli, *show, *by_codec)
        plain = encoded(b'{"word": "secret"}')
        assert (plain in bare.stdout, plain in shown.stdout) == (False, True)
