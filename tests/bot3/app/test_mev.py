"""`python -m bot3 mev` as its user sees it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import trio
import trio_websocket
from click.testing import CliRunner

from adapters.ethereum import abi, events
from adapters.net.network import SocketNetwork
from bot3.app.cli import cli
from bot3.app.mev.live import MevStream, _watch
from bot3.domain.tokens import USDC, WETH
from tests.adapters.ethereum.fake_node import FakeNode, head
from tests.adapters.ethereum.logs import Logs
from tests.adapters.ethereum.traces import Transaction, address, block, call_data, written

BOT, FIRST, SECOND = address(1), address(2), address(3)


def _loop(position: int) -> Transaction:
    """500 of ether become 900 dollars, and these 510."""
    rows = Transaction(position)
    rows.transfer([0], WETH, BOT, FIRST, 500)
    rows.call([1], BOT, FIRST, call_data(abi.SWAP_V2, 0, 900, SECOND, b""))
    rows.transfer([1, 0], USDC, FIRST, SECOND, 900)
    rows.call([2], BOT, SECOND, call_data(abi.SWAP_V2, 510, 0, BOT, b""))
    rows.transfer([2, 0], WETH, SECOND, BOT, 510)
    return rows


def _swap_row(rows: Transaction, at: int, **fields: Any) -> dict[str, Any]:
    return {
        "transaction_hash": rows.hash,
        "transaction_position": rows.position,
        "trace_address": [at],
        "protocol": "uniswap_v2",
        "error": None,
    } | fields


def run(*arguments: str) -> tuple[int, list[str], str]:
    result = CliRunner().invoke(cli, ["mev", *arguments])
    return result.exit_code, result.stdout.splitlines(), result.stderr


def test_blocks_as_json_lines(tmp_path: Path) -> None:
    path = written(tmp_path, block(7, _loop(0)))
    code, lines, _ = run("--blocks", str(path), str(path), "--json")
    assert code == 0
    assert lines[0] == lines[1]
    body = json.loads(lines[0])
    assert body["block"] == 7
    assert (body["kind"], body["transactions"]) == ("arbitrage", [_loop(0).hash])
    assert (body["pools"], body["token"], body["profit"]) == ([FIRST, SECOND], WETH, 10)


def test_swaps_that_are_decoded_already_say_the_same(tmp_path: Path) -> None:
    rows = _loop(0)
    first = {
        "contract_address": FIRST, "from_address": BOT, "to_address": SECOND,
        "token_in_address": WETH, "token_in_amount": 500,
        "token_out_address": USDC, "token_out_amount": 900,
    }  # fmt: skip
    second = {
        "contract_address": SECOND, "from_address": FIRST, "to_address": BOT,
        "token_in_address": USDC, "token_in_amount": 900,
        "token_out_address": WETH, "token_out_amount": 510,
    }  # fmt: skip
    path = tmp_path / "1234.json"
    path.write_bytes(
        msgspec.json.encode([_swap_row(rows, 1, **first), _swap_row(rows, 2, **second)])
    )
    code, lines, _ = run("--swaps", str(path), "--json")
    assert code == 0
    body = json.loads(lines[0])
    assert (body["block"], body["profit"], body["net_eth"]) == (1234, 10, None)


def test_people_read_a_line_a_finding_and_a_sum(tmp_path: Path) -> None:
    code, lines, _ = run("--blocks", str(written(tmp_path, block(7, _loop(0)))))
    assert code == 0
    assert "arbitrage" in lines[0]
    assert "1 blocks, 2 swaps: 0 sandwiches, 1 arbitrages, 0 liquidations" in lines[-1]


@pytest.mark.parametrize(
    "arguments", [(), ("--rpc", "ws://x", "--blocks", "a"), ("a.json",), ("--rpc", "x", "a.json")]
)
def test_what_to_give_is_said(arguments: tuple[str, ...]) -> None:
    assert run(*arguments)[0] == 2


def test_a_bad_file_is_one_line(tmp_path: Path) -> None:
    path = tmp_path / "no.json"
    path.write_text("{}")
    for option in ("--blocks", "--swaps"):
        code, lines, errors = run(option, str(path))
        assert (code, lines) == (1, [])
        assert "no.json" in errors
        assert "Traceback" not in errors


def test_an_address_that_is_no_websocket_is_refused() -> None:
    code, _, errors = run("--rpc", "http://127.0.0.1:1")
    assert code == 4
    assert "ws://" in errors


async def test_a_node_over_a_real_socket(capsys: pytest.CaptureFixture[str]) -> None:
    logs = Logs(0)
    logs.transfer(WETH, BOT, FIRST, 500)
    logs.transfer(USDC, FIRST, SECOND, 900)
    logs.log(FIRST, events.PAIR_SWAP, BOT, 500, 0, 0, 900, SECOND)
    logs.transfer(WETH, SECOND, BOT, 510)
    logs.log(SECOND, events.PAIR_SWAP, BOT, 900, 0, 0, 510, BOT)
    node = FakeNode()

    async def serve(request: trio_websocket.WebSocketRequest) -> None:
        socket = await request.accept()
        async with trio.open_nursery() as nursery:

            @nursery.start_soon
            async def _() -> None:
                await subscribed.wait()
                for each in (head(1), head(2), head(2, "b", parent="0xa0001")):
                    node.add(each, *([logs.receipt()] if each["number"] == "0x2" else []))
                    note = {"subscription": "0x1", "result": each}
                    body = {"jsonrpc": "2.0", "method": "eth_subscription", "params": note}
                    await socket.send_message(json.dumps(body))
                    await trio.sleep(0.3)

            try:
                while True:
                    question = json.loads(await socket.get_message())
                    await socket.send_message(json.dumps(node.answer(question)))
                    subscribed.set()
            except trio_websocket.ConnectionClosed:
                nursery.cancel_scope.cancel()

    subscribed = trio.Event()
    async with trio.open_nursery() as nursery:
        server = await nursery.start(trio_websocket.serve_websocket, serve, "127.0.0.1", 0, None)
        url = f"ws://127.0.0.1:{server.port}"
        await _watch(MevStream(url, 2.0, is_json=True), SocketNetwork())
        nursery.cancel_scope.cancel()
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [each["kind"] for each in told] == ["arbitrage", "undone", "arbitrage"]
    assert told[0]["profit"] == 10
