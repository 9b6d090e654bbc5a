"""Intrinsics, and the calibration files of ROS's camera_calibration.

The file is the one that ``camera_calibration`` and ``camera_info_manager`` write, so that a
camera that was calibrated with ROS tools needs nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import yaml

from takt_core.errors import TaktError

Matrix = npt.NDArray[np.float64]

# Model to the numbers of coefficients that it may have.
_MODELS = {"plumb_bob": (4, 5), "rational_polynomial": (8, 12, 14), "equidistant": (4,)}


@dataclass(frozen=True)
class Intrinsics:
    """The pinhole model of one camera at one resolution, as in sensor_msgs/CameraInfo.

    Attributes:
        width, height: [px]
        camera_matrix: K, (3, 3) [px]
        distortion_model: plumb_bob, rational_polynomial or equidistant
        distortion: D, (4..14,)
        rectification: R, (3, 3)
        projection: P, (3, 4) [px]
    """

    width: int
    height: int
    camera_matrix: Matrix
    distortion_model: str
    distortion: Matrix
    rectification: Matrix
    projection: Matrix

    @staticmethod
    def pinhole(
        width: int,
        height: int,
        focal_px: tuple[float, float],
        center_px: tuple[float, float],
        distortion: npt.ArrayLike = (0.0, 0.0, 0.0, 0.0, 0.0),
        distortion_model: str = "plumb_bob",
    ) -> Intrinsics:
        """An unrectified camera: R is the identity and P repeats K."""
        (fx, fy), (cx, cy) = focal_px, center_px
        camera = np.array([[fx, 0.0, cx], [0.0, fy, cy], [0.0, 0.0, 1.0]])
        projection = np.hstack([camera, np.zeros((3, 1))])
        coefficients = np.asarray(distortion, dtype=np.float64)
        return Intrinsics(
            width, height, camera, distortion_model, coefficients, np.eye(3), projection
        )


def load(path: str | Path, width: int, height: int) -> Intrinsics:
    """The calibration of a camera that delivers ``width`` x ``height``.

    Raises:
        TaktError: the file cannot be read, a matrix is missing or wrong, or it was made for
            another resolution.
    """
    try:
        content = yaml.safe_load(Path(path).read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        raise TaktError(f"calibration {path} cannot be read: {error}") from error
    intrinsics = from_mapping(content, str(path))
    if (intrinsics.width, intrinsics.height) != (width, height):
        raise TaktError(
            f"calibration {path} is for {intrinsics.width}x{intrinsics.height}, the camera "
            f"delivers {width}x{height}. Calibrate at that size or change width and height"
        )
    return intrinsics


def from_mapping(content: Any, source: str) -> Intrinsics:
    """Intrinsics from the content of a calibration file.

    Raises:
        TaktError: with ``source`` and what is wrong.
    """
    if not isinstance(content, Mapping):
        raise TaktError(f"{source}: a calibration is a mapping, not {type(content).__name__}")
    width, height = (_positive(content, name, source) for name in ("image_width", "image_height"))
    model = content.get("distortion_model")
    if model not in _MODELS:
        raise TaktError(
            f"{source}: distortion_model is {model!r}; allowed are {', '.join(_MODELS)}"
        )
    distortion = _matrix(content, "distortion_coefficients", None, source).reshape(-1)
    if distortion.size not in _MODELS[model]:
        allowed = " or ".join(map(str, _MODELS[model]))
        raise TaktError(
            f"{source}: {model} has {distortion.size} distortion_coefficients; allowed: {allowed}"
        )
    camera = _matrix(content, "camera_matrix", (3, 3), source)
    if camera[0, 0] <= 0 or camera[1, 1] <= 0:
        raise TaktError(
            f"{source}: camera_matrix has the focal lengths {camera[0, 0]:g} and "
            f"{camera[1, 1]:g}; allowed are positive ones"
        )
    return Intrinsics(
        width=width,
        height=height,
        camera_matrix=camera,
        distortion_model=model,
        distortion=distortion,
        rectification=_matrix(content, "rectification_matrix", (3, 3), source),
        projection=_matrix(content, "projection_matrix", (3, 4), source),
    )


def to_mapping(intrinsics: Intrinsics, camera_name: str) -> dict[str, Any]:
    """The content of a calibration file; the inverse of ``from_mapping``."""
    matrices = {
        "camera_matrix": intrinsics.camera_matrix,
        "rectification_matrix": intrinsics.rectification,
        "projection_matrix": intrinsics.projection,
        "distortion_coefficients": intrinsics.distortion.reshape(1, -1),
    }
    content: dict[str, Any] = {
        "image_width": intrinsics.width,
        "image_height": intrinsics.height,
        "camera_name": camera_name,
        "distortion_model": intrinsics.distortion_model,
    }
    for name, matrix in matrices.items():
        rows, columns = matrix.shape
        content[name] = {"rows": rows, "cols": columns, "data": matrix.reshape(-1).tolist()}
    return content


def _positive(content: Mapping[str, Any], name: str, source: str) -> int:
    value = content.get(name)
    if type(value) is not int or value <= 0:
        raise TaktError(f"{source}: {name} is {value!r}; allowed is a positive whole number")
    return value


def _matrix(
    content: Mapping[str, Any], name: str, shape: tuple[int, int] | None, source: str
) -> Matrix:
    entry = content.get(name)
    wanted = "of any length" if shape is None else f"{shape[0]}x{shape[1]}"
    problem = TaktError(
        f"{source}: {name} is {entry!r}; allowed is a matrix {wanted} with rows, cols and data"
    )
    if not isinstance(entry, Mapping) or not {"rows", "cols", "data"} <= set(entry):
        raise problem
    try:
        values = np.array(entry["data"], dtype=np.float64)
        matrix = values.reshape(entry["rows"], entry["cols"])
    except (TypeError, ValueError) as error:
        raise problem from error
    if (shape is not None and matrix.shape != shape) or not np.isfinite(matrix).all():
        raise problem
    return matrix
