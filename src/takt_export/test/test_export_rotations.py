"""Rotations in other frameworks' forms, against SciPy."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

torch = pytest.importorskip("torch")

from takt_export.rotations import rotation_from_6d  # noqa: E402

vectors = st.lists(st.floats(-1.8, 1.8), min_size=3, max_size=3)


@settings(max_examples=25, deadline=None)
@given(vectors)
def test_all_forms_name_the_same_rotation(vector):
    rotation = Rotation.from_rotvec(vector)
    matrix = rotation.as_matrix()
    columns = torch.from_numpy(np.concatenate([matrix[:, 0], matrix[:, 1]]))

    def form(name):
        return rotation_from_6d(name, columns).numpy()

    np.testing.assert_allclose(form("6d"), columns.numpy())
    np.testing.assert_allclose(form("6d_rows"), matrix[:2].ravel(), atol=1e-12)
    quaternion = form("quaternion")
    assert quaternion[3] >= 0.0
    again = Rotation.from_quat(quaternion).as_matrix()
    np.testing.assert_allclose(again, matrix, atol=1e-7)
    again = Rotation.from_rotvec(form("rotation_vector")).as_matrix()
    np.testing.assert_allclose(again, matrix, atol=1e-7)


@pytest.mark.parametrize("axis", [0, 1, 2])
def test_half_turns(axis):
    vector = np.zeros(3)
    vector[axis] = np.pi
    matrix = Rotation.from_rotvec(vector).as_matrix()
    columns = torch.from_numpy(np.concatenate([matrix[:, 0], matrix[:, 1]]))
    found = np.abs(rotation_from_6d("rotation_vector", columns).numpy())
    np.testing.assert_allclose(found, vector, atol=1e-7)
