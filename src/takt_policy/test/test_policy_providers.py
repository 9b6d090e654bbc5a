"""Execution providers: which are taken, and what they are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from takt_policy.errors import PolicyError
from takt_policy.providers import (
    CPU,
    CUDA,
    GREATEST_BATCH,
    TENSORRT,
    available_providers,
    cuda_options,
    device_of,
    engine_cache,
    tensorrt_options,
)


def test_the_order_is_kept_and_what_is_missing_is_named() -> None:
    assert available_providers(["NoSuchProvider", CPU]) == [CPU]
    with pytest.raises(PolicyError, match=r"NoSuchProvider.*this onnxruntime has.*'providers'"):
        available_providers(["NoSuchProvider"])


def test_engines_are_kept_by_the_content_of_their_graph(tmp_path: Path) -> None:
    graph = tmp_path / "denoise.onnx"
    signature: dict[str, list[object]] = {"x": ["batch", 16, 9], "t": ["batch"]}
    folders = set()
    for content in (b"a", b"b", b"a"):
        graph.write_bytes(content)
        options = tensorrt_options(graph, signature, half=True, cache=tmp_path / "cache")
        folders.add(options["trt_engine_cache_path"])
    assert len(folders) == 2
    assert options["trt_fp16_enable"] == "1"
    assert options["trt_profile_min_shapes"] == "x:1x16x9,t:1"
    assert options["trt_profile_max_shapes"] == f"x:{GREATEST_BATCH}x16x9,t:{GREATEST_BATCH}"


def test_an_axis_of_any_length_leaves_the_range_to_tensorrt(tmp_path: Path) -> None:
    graph = tmp_path / "encode.onnx"
    graph.write_bytes(b"")
    options = tensorrt_options(graph, {"text": ["batch", "tokens"]}, half=False)
    assert not [key for key in options if "profile" in key]
    assert options["trt_fp16_enable"] == "0"


def test_the_cache_is_the_users(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert engine_cache() == tmp_path / "takt" / "tensorrt"
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert engine_cache() == Path.home() / ".cache" / "takt" / "tensorrt"


def test_full_precision_means_no_tf32() -> None:
    assert cuda_options(half=False)["use_tf32"] == "0"
    assert cuda_options(half=True)["use_tf32"] == "1"
    assert [device_of(one) for one in (TENSORRT, CUDA, CPU)] == ["cuda", "cuda", None]
