"""Lines of a recorded file, plain or compressed, with every damage told as one `DataError`."""

from __future__ import annotations

import gzip
import zlib
from collections.abc import Iterator
from pathlib import Path

import zstandard

from bot3.domain.errors import DataError

_CHUNK_BYTES = 1 << 18
_ZST_MAGIC = b"\x28\xb5\x2f\xfd"
_GZIP_MAGIC = b"\x1f\x8b"
_TRUNCATED = "the compressed file ends in the middle: it was cut; copy or download it again"


def chunks_of(path: Path) -> Iterator[bytes]:
    """Decompressed bytes; raises `DataError` for a missing, unreadable or cut file."""
    try:
        with path.open("rb") as file:
            magic = file.read(4)
        if magic.startswith(_ZST_MAGIC):
            yield from _zst_chunks(path)
        elif magic.startswith(_GZIP_MAGIC):
            with gzip.open(path, "rb") as unpacked:
                while chunk := unpacked.read(_CHUNK_BYTES):
                    yield chunk
        else:
            with path.open("rb") as file:
                while chunk := file.read(_CHUNK_BYTES):
                    yield chunk
    except FileNotFoundError:
        raise DataError(f"{path}: no such file; check the path") from None
    except EOFError:
        raise DataError(f"{path}: {_TRUNCATED}") from None
    except (OSError, zlib.error, zstandard.ZstdError) as error:
        raise DataError(f"{path}: cannot be read: {error}; check the file") from error


def lines_of(path: Path) -> Iterator[tuple[int, bytes]]:
    """(line number from 1, line without its end); blank lines are left out."""
    rest, number = b"", 0
    for chunk in chunks_of(path):
        lines = (rest + chunk).split(b"\n")
        rest = lines.pop()
        for line in lines:
            number += 1
            if line.strip():
                yield number, line
    if rest.strip():
        yield number + 1, rest


def _zst_chunks(path: Path) -> Iterator[bytes]:
    reader = zstandard.ZstdDecompressor()
    frame = reader.decompressobj()
    is_inside = False
    with path.open("rb") as file:
        while data := file.read(_CHUNK_BYTES):
            while data:
                is_inside = True
                yield frame.decompress(data)
                data = b""
                if frame.eof:
                    data, frame, is_inside = frame.unused_data, reader.decompressobj(), False
    if is_inside:
        raise EOFError
