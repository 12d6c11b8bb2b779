"""The data frames that never reach the library: however bytes are cut, whatever they are."""

from __future__ import annotations

import os
from itertools import pairwise

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st

from adapters.net.frame_stream import FrameStream, Message

HEAD = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"
PING, CLOSE = b"\x89\x02hi", b"\x88\x02\x03\xe8"


def frame(payload: bytes, opcode: int = 1, *, is_final: bool = True) -> bytes:
    first = bytes([opcode | (0x80 if is_final else 0)])
    size = len(payload)
    if size < 126:
        return first + bytes([size]) + payload
    if size < 65_536:
        return first + b"\x7e" + size.to_bytes(2, "big") + payload
    return first + b"\x7f" + size.to_bytes(8, "big") + payload


def cut(whole: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(whole), *(place % (len(whole) + 1) for place in places)})
    return [whole[a:b] for a, b in pairwise(edges)]


async def taken(
    parts: list[bytes], message_bytes: int = 1 << 20
) -> tuple[list[Message], bytes, str]:
    """(messages, what the library was given, problem)."""
    ours, theirs = trio.testing.memory_stream_pair()
    stream = FrameStream(ours, message_bytes=message_bytes, queue=10_000)
    passed, messages = b"", list[Message]()
    try:
        for part in parts:
            await theirs.send_all(part)
        await theirs.send_eof()
        while given_ := await stream.receive_some(65_536):
            passed += given_
    except trio.BrokenResourceError:
        pass
    stream.end()
    while batch := await stream.next_batch():
        messages += batch
    return messages, passed, stream.problem


@given(
    texts=st.lists(st.text(max_size=300), max_size=12),
    places=st.lists(st.integers(0, 5_000), max_size=12),
    binary=st.binary(max_size=50),
)
@settings(max_examples=150, deadline=None)
def test_every_message_once_in_order_however_it_is_cut(
    texts: list[str], places: list[int], binary: bytes
) -> None:
    whole = HEAD
    for number, text in enumerate(texts):
        payload = text.encode()
        if number % 3 == 2:  # in fragments, with a ping between them
            half = len(payload) // 2
            whole += frame(payload[:half], is_final=False) + PING
            whole += frame(payload[half:], 0)
        else:
            whole += frame(payload)
    whole += frame(binary, 2) + PING + CLOSE
    messages, passed, problem = trio.run(taken, cut(whole, places))
    assert messages == [*texts, binary]
    assert passed == HEAD + PING * (len(texts) // 3) + PING + CLOSE
    assert problem == ""


async def test_lengths_of_every_form() -> None:
    texts = ["", "a" * 125, "b" * 126, "c" * 65_535, "d" * 65_536]
    whole = HEAD + b"".join(frame(text.encode()) for text in texts)
    messages, passed, _ = await taken([whole])
    assert (messages, passed) == (texts, HEAD)


@pytest.mark.parametrize(
    ("frames", "problem"),
    [
        (frame(b"x" * 101), "exceeds 100 bytes"),
        (frame(b"x" * 60, is_final=False) + frame(b"x" * 60, 0), "exceeds 100 bytes"),
        (b"\x81\x7f" + (1 << 60).to_bytes(8, "big"), "exceeds 100 bytes"),
        (frame(b"x", 0), "a fragment where none was due"),
        (frame(b"x", is_final=False) + frame(b"y"), "a fragment where none was due"),
        (frame(b"\xff\xfe"), "not UTF-8"),
    ],
)
async def test_what_breaks_it_off(frames: bytes, problem: str) -> None:
    good = frame(b"good")
    messages, _, told = await taken([HEAD + good + frames + good], message_bytes=100)
    assert messages == ["good"]
    assert problem in told


@pytest.mark.parametrize("bad", [b"\x83\x00", b"\xc1\x00", b"\x81\x81abcdx"])
async def test_frames_that_no_server_may_send_are_the_librarys(bad: bytes) -> None:
    messages, passed, _ = await taken([HEAD + frame(b"good") + bad + frame(b"later")])
    assert messages == ["good"]
    assert passed == HEAD + bad + frame(b"later")


async def test_a_refused_handshake_is_passed_on_with_its_body() -> None:
    answer = b"HTTP/1.1 403 Forbidden\r\ncontent-length: 4\r\n\r\n" + frame(b"no")
    messages, passed, _ = await taken([answer[:20], answer[20:]])
    assert (messages, passed) == ([], answer)


@given(noise=st.binary(max_size=300))
@settings(max_examples=200, deadline=None)
def test_noise_raises_nothing_of_its_own(noise: bytes) -> None:
    trio.run(taken, [HEAD + noise, noise])


def test_noise_of_the_system_too() -> None:
    for _ in range(200):
        trio.run(taken, [HEAD, os.urandom(200)])
