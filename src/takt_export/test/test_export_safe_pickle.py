"""Checkpoints are read without running what they contain."""

import pickle
import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch")

from takt_export.errors import ExportError  # noqa: E402
from takt_export.omega import plain  # noqa: E402
from takt_export.safe_pickle import read_pickle, read_torch  # noqa: E402
from takt_export.safetensors import read_safetensors  # noqa: E402


class Attack:
    """Makes a file when it is unpickled the usual way."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self):
        return Path.touch, (self.file,)


@pytest.mark.parametrize("through_torch", [False, True])
def test_nothing_runs(tmp_path, through_torch):
    trace = tmp_path / "it_ran"
    content = {"w": torch.arange(3.0), "bad": Attack(trace)}
    file = tmp_path / "file"
    if through_torch:
        torch.save(content, file)
        found = read_torch(file)
        assert found["w"].tolist() == [0, 1, 2]
        torch.load(file, weights_only=False)
    else:
        file.write_bytes(pickle.dumps({"w": np.arange(3.0), "bad": Attack(trace)}))
        found = read_pickle(file)
        assert found["w"].tolist() == [0, 1, 2]
        pickle.loads(file.read_bytes())
    # The usual way did run it, after ours did not.
    assert trace.exists()
    trace.unlink()
    read_torch(file) if through_torch else read_pickle(file)
    assert not trace.exists()


@pytest.mark.parametrize("protocol", [2, 3, 4, 5])
def test_arrays_of_every_protocol(tmp_path, protocol):
    wanted = {"a": np.arange(4, dtype=np.float32), "n": np.float64(2.5), "o": {"x": [1, (2,)]}}
    (tmp_path / "f.pkl").write_bytes(pickle.dumps(wanted, protocol=protocol))
    found = read_pickle(tmp_path / "f.pkl")
    np.testing.assert_array_equal(found["a"], wanted["a"])
    assert found["n"] == 2.5
    assert found["o"] == {"x": [1, (2,)]}


def test_files_that_are_something_else(tmp_path):
    file = tmp_path / "f"
    file.write_bytes(b"no pickle at all")
    for read in (read_pickle, read_torch, read_safetensors):
        with pytest.raises(ExportError, match=r"cannot be read|no complete"):
            read(file)
        with pytest.raises(ExportError, match=r"cannot be read|does not exist"):
            read(tmp_path / "nothing")


def test_a_cut_safetensors_file(tmp_path):
    header = b'{"a": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}'
    file = tmp_path / "f.safetensors"
    file.write_bytes(struct.pack("<Q", len(header)) + header + bytes(16))
    assert read_safetensors(file)["a"].tolist() == [0, 0, 0, 0]
    file.write_bytes(file.read_bytes()[:-4])
    with pytest.raises(ExportError, match="lies outside"):
        read_safetensors(file)


def test_references_in_a_configuration():
    content = {"a": {"b": 3}, "c": "${a}", "d": ["${c.b}", "text ${a.b}"]}
    with pytest.raises(ExportError, match="refers to"):
        plain({"x": "${y.z}"})
    assert plain(content | {"d": ["${a.b}", 1]})["d"] == [3, 1]
    assert plain(content | {"d": []})["c"] == {"b": 3}
