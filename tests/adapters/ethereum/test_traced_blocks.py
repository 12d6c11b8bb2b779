"""What is decoded from the calls of a block."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.ethereum import abi
from adapters.ethereum.block_file import read_block
from adapters.ethereum.trace_swaps import BALANCER_VAULT, BANCOR_NETWORK, ZERO_EX_PROXY
from bot3.domain.chain import ChainBlock, Protocol
from bot3.domain.errors import DataError
from bot3.domain.tokens import ETHER, USDC, WETH
from tests.adapters.ethereum.traces import MINER, Transaction, address, block, call_data, written

BOT, POOL, OTHER, KEEPER = address(1), address(2), address(3), address(4)


def decoded(directory: Path, transaction: Transaction) -> ChainBlock:
    return read_block(written(directory, block(7, transaction)))


def test_a_pair_is_paid_before_it_pays(tmp_path: Path) -> None:
    rows = Transaction(0)
    rows.transfer([0], WETH, BOT, POOL, 500)
    rows.call([1], BOT, POOL, call_data(abi.SWAP_V2, 0, 900, OTHER, b""))
    rows.transfer([1, 0], USDC, POOL, OTHER, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.pool, swap.path) == (Protocol.UNISWAP_V2, POOL, (1,))
    assert (swap.sender, swap.token_in, swap.amount_in) == (BOT, WETH, 500)
    assert (swap.recipient, swap.token_out, swap.amount_out) == (OTHER, USDC, 900)


def test_a_pool_of_version_three_is_paid_in_its_callback(tmp_path: Path) -> None:
    rows = Transaction(0)
    rows.call([], BOT, POOL, call_data(abi.SWAP_V3, BOT, True, 500, 1, b""))
    rows.transfer([0], USDC, POOL, BOT, 900)
    rows.call([1], POOL, BOT, "0xfa461e33")
    rows.transfer([1, 0], WETH, BOT, POOL, 500)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.amount_in, swap.amount_out) == (Protocol.UNISWAP_V3, 500, 900)


def test_call_data_with_corners_cut_is_understood(tmp_path: Path) -> None:
    """Bots leave out what the pool does not read: here the bytes' place is nonsense."""
    rows = Transaction(0)
    rows.transfer([0], WETH, BOT, POOL, 500)
    head = call_data(abi.SWAP_V2, 0, 900, OTHER, b"")[: 10 + 3 * 64]
    rows.call([1], BOT, POOL, head + "f" * 64)
    rows.transfer([1, 0], USDC, POOL, OTHER, 900)
    assert len(decoded(tmp_path, rows).swaps) == 1


def test_a_swap_within_what_was_undone_says_so(tmp_path: Path) -> None:
    rows = Transaction(0)
    rows.call([0], BOT, KEEPER, "0x12345678", error="Reverted")
    rows.transfer([0, 0], WETH, BOT, POOL, 500)
    rows.call([0, 1], BOT, POOL, call_data(abi.SWAP_V2, 0, 900, OTHER, b""))
    rows.transfer([0, 1, 0], USDC, POOL, OTHER, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.error, swap.is_reverted) == (None, True)


@pytest.mark.parametrize("function", [abi.CURVE_EXCHANGE, abi.CURVE_UNDERLYING])
def test_curve_pulls_and_pays_its_caller(tmp_path: Path, function: abi.Function) -> None:
    rows = Transaction(0)
    rows.call([], BOT, POOL, call_data(function, 0, 1, 500, 0))
    rows.pulled([0], WETH, BOT, POOL, 500)
    rows.transfer([1], USDC, POOL, BOT, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.sender, swap.amount_out) == (Protocol.CURVE, BOT, 900)


@pytest.mark.parametrize("function", [abi.BALANCER_IN, abi.BALANCER_OUT])
def test_balancers_first_version(tmp_path: Path, function: abi.Function) -> None:
    rows = Transaction(0)
    rows.call([], BOT, POOL, call_data(function, WETH, 500, USDC, 0, 2**200))
    rows.pulled([0], WETH, BOT, POOL, 500)
    rows.transfer([1], USDC, POOL, BOT, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.pool) == (Protocol.BALANCER_V1, POOL)


def test_balancers_vault_names_the_pool(tmp_path: Path) -> None:
    rows, pool = Transaction(0), b"\x07" * 32
    single = (pool, 0, WETH, USDC, 500, b"")
    data = call_data(abi.BALANCER_V2, single, (BOT, False, OTHER, False), 0, 2**40)
    rows.call([], BOT, BALANCER_VAULT, data)
    rows.pulled([0], WETH, BOT, BALANCER_VAULT, 500)
    rows.transfer([1], USDC, BALANCER_VAULT, OTHER, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.pool) == (Protocol.BALANCER_V2, "0x" + pool.hex())
    assert (swap.sender, swap.recipient) == (BOT, OTHER)


def test_bancor_tells_the_ends_of_its_path(tmp_path: Path) -> None:
    rows = Transaction(0)
    path = [WETH, POOL, USDC]
    data = call_data(abi.BANCOR_CONVERT, path, 500, 0, address(0), address(0), 0)
    rows.call([], BOT, BANCOR_NETWORK, data)
    rows.pulled([0], WETH, BOT, BANCOR_NETWORK, 500)
    rows.transfer([1], WETH, BANCOR_NETWORK, POOL, 500)
    rows.transfer([2], USDC, POOL, BOT, 900)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.amount_in, swap.amount_out) == (Protocol.BANCOR, 500, 900)


@pytest.mark.parametrize("function", abi.ZERO_EX_FILLS)
def test_makers_orders_of_0x(tmp_path: Path, function: abi.Function) -> None:
    rows = Transaction(0)
    order: list[Any] = [USDC, WETH, 900, 500]
    kinds = function.types[0].strip("()").split(",")[4:]
    order += [address(9) if kind == "address" else b"" if kind == "bytes32" else 0
              for kind in kinds]  # fmt: skip
    plain = {"uint128": 500, "address": BOT, "bool": False}
    rest = [plain[kind] for kind in function.types[2:]]
    data = call_data(function, tuple(order), (2, 27, b"", b""), *rest)
    rows.call([], BOT, ZERO_EX_PROXY, data)
    rows.call([0], ZERO_EX_PROXY, WETH, call_data(abi.TRANSFER_FROM, BOT, KEEPER, 500))
    rows.call([1], ZERO_EX_PROXY, USDC, call_data(abi.TRANSFER_FROM, KEEPER, BOT, 900))
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.protocol, swap.sender, swap.recipient) == (Protocol.ZERO_EX, BOT, BOT)
    assert (swap.token_in, swap.amount_in, swap.token_out, swap.amount_out) == (
        WETH, 500, USDC, 900,
    )  # fmt: skip


def test_a_proxy_tokens_transfer_counts_once(tmp_path: Path) -> None:
    rows = Transaction(0)
    rows.transfer([0], USDC, BOT, POOL, 900)
    rows.call([0, 0], USDC, KEEPER, call_data(abi.TRANSFER, POOL, 900), kind="delegatecall")
    rows.call([1], BOT, POOL, call_data(abi.SWAP_V2, 0, 500, BOT, b""))
    rows.transfer([1, 0], WETH, POOL, BOT, 500)
    (swap,) = decoded(tmp_path, rows).swaps
    assert (swap.token_in, swap.amount_in) == (USDC, 900)


@pytest.mark.parametrize("is_undone", [False, True])
def test_an_aave_liquidation(tmp_path: Path, is_undone: bool) -> None:
    rows = Transaction(0)
    data = call_data(abi.AAVE_LIQUIDATION, WETH, USDC, OTHER, 2**255, False)
    rows.call([0], BOT, POOL, data, error="Reverted" if is_undone else None)
    rows.call([0, 0], POOL, USDC, call_data(abi.TRANSFER_FROM, BOT, KEEPER, 1_800))
    rows.transfer([0, 1], WETH, KEEPER, BOT, 3)
    found = decoded(tmp_path, rows).liquidations
    if is_undone:
        assert found == ()
        return
    assert (found[0].protocol, found[0].borrower) == (Protocol.AAVE, OTHER)
    assert (found[0].debt_token, found[0].debt_amount) == (USDC, 1_800)
    assert (found[0].collateral_token, found[0].collateral_amount) == (WETH, 3)


@pytest.mark.parametrize("code", [0, 3])
def test_compound_answers_with_an_error_in_the_place_of_a_revert(tmp_path: Path, code: int) -> None:
    rows = Transaction(0)
    data = call_data(abi.COMPOUND_LIQUIDATION, OTHER, 700, KEEPER)
    rows.call([0], BOT, POOL, data, output="0x" + f"{code:064x}")
    rows.pulled([0, 0], USDC, BOT, POOL, 700)
    rows.call([0, 1], POOL, KEEPER, call_data(abi.COMPOUND_SEIZE, BOT, OTHER, 88))
    found = decoded(tmp_path, rows).liquidations
    assert len(found) == (code == 0)
    if found:
        assert (found[0].debt_token, found[0].debt_amount) == (USDC, 700)
        assert (found[0].collateral_token, found[0].collateral_amount) == (KEEPER, 88)


def test_compounds_ether_is_repaid_with_the_call(tmp_path: Path) -> None:
    rows = Transaction(0)
    data = call_data(abi.COMPOUND_ETHER_LIQUIDATION, OTHER, KEEPER)
    rows.call([0], BOT, POOL, data, value=5)
    rows.call([0, 1], POOL, KEEPER, call_data(abi.COMPOUND_SEIZE, BOT, OTHER, 88))
    (found,) = decoded(tmp_path, rows).liquidations
    assert (found.debt_token, found.debt_amount, found.collateral_amount) == (ETHER, 5, 88)


def test_costs_and_what_was_sent_to_the_miner(tmp_path: Path) -> None:
    rows = Transaction(0)
    rows.call([0], BOT, MINER, value=77)
    cost = decoded(tmp_path, rows).costs[rows.hash]
    assert (cost.gas_wei, cost.tip_wei, cost.bribe_wei) == (3 * 10**15, 10**15, 77)
    assert cost.miner_wei == 10**15 + 77


def _one_swap() -> Transaction:
    rows = Transaction(0)
    rows.transfer([0], WETH, BOT, POOL, 500)
    rows.call([1], BOT, POOL, call_data(abi.SWAP_V2, 0, 900, OTHER, b""))
    rows.transfer([1, 0], USDC, POOL, OTHER, 900)
    return rows


def test_a_zipped_file_and_a_nodes_own_spelling_say_the_same(tmp_path: Path) -> None:
    body = block(7, _one_swap())
    plain = read_block(written(tmp_path, body))
    zipped = tmp_path / "block.json.gz"
    zipped.write_bytes(gzip.compress(msgspec.json.encode(body)))
    assert read_block(zipped) == plain
    spelled = msgspec.json.encode(body).decode()
    for archive, node in (
        ("trace_address", "traceAddress"),
        ("transaction_hash", "transactionHash"),
        ("transaction_position", "transactionPosition"),
        ("gas_used", "gasUsed"),
        ("effective_gas_price", "effectiveGasPrice"),
    ):
        spelled = spelled.replace(f'"{archive}"', f'"{node}"')
    spelled = spelled.replace(":100000", ':"0x186a0"').replace(":30000000000", ':"0x6fc23ac00"')
    own = tmp_path / "node.json"
    own.write_text(spelled)
    assert read_block(own) == plain


@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"[]", b"not json", gzip.compress(b"{}", mtime=0)[:-4], b'{"block_number": 1}'],
)
def test_a_file_that_is_none_is_one_clear_error(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "bad.json"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"bad\.json"):
        read_block(path)


@given(st.binary(max_size=300))
def test_no_call_data_breaks_the_decoder(data: bytes) -> None:
    for function in (abi.SWAP_V2, abi.BANCOR_CONVERT, abi.BALANCER_V2, *abi.ZERO_EX_FILLS):
        function.arguments(function.selector + data.hex())
