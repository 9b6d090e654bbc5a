"""Reading .safetensors: eight bytes of length, a JSON header, raw numbers. Nothing executes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import torch

from takt_export.errors import ExportError

_DTYPES = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "I8": torch.int8,
    "U8": torch.uint8,
    "BOOL": torch.bool,
}


def read_safetensors(path: Path) -> dict[str, torch.Tensor]:
    """All tensors of a file.

    Raises:
        ExportError: the file is missing or damaged.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise ExportError(f"{path} cannot be read: {error.strerror}") from None
    length = int.from_bytes(content[:8], "little")
    try:
        header = json.loads(content[8 : 8 + length])
        body = content[8 + length :]
        return {
            name: _tensor(entry, body) for name, entry in header.items() if name != "__metadata__"
        }
    except (ValueError, KeyError, TypeError, RuntimeError, AttributeError) as error:
        raise ExportError(f"{path} is no complete .safetensors file: {error}") from None


def _tensor(entry: dict[str, Any], body: bytes) -> torch.Tensor:
    start, end = entry["data_offsets"]
    dtype, shape = _DTYPES[entry["dtype"]], entry["shape"]
    if not 0 <= start <= end <= len(body):
        raise ValueError("a tensor lies outside of the file")
    count = math.prod(shape)
    if count == 0:
        return torch.empty(shape, dtype=dtype)
    return torch.frombuffer(bytearray(body[start:end]), dtype=dtype, count=count).reshape(shape)
