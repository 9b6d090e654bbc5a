"""The parameters of the tactile node: those of its camera, and of the skin."""

from __future__ import annotations

from dataclasses import dataclass

from takt_cameras.parameters import OpenCVParameters
from takt_core.parameters import parameter


@dataclass(frozen=True)
class TactileParameters(OpenCVParameters):
    """A gel with dots, seen by a camera behind it."""

    camera: str = parameter(
        "tactile", description="name of the skin and prefix of its topics: <camera>/field"
    )
    frame_id: str = parameter(
        "",
        description="frame of the surface: x right and y up in the image, z into the skin; "
        "empty: <camera>_surface",
    )
    rows: int = parameter(7, minimum=2, maximum=200, description="rows of markers in the image")
    columns: int = parameter(
        9, minimum=2, maximum=200, description="columns of markers in the image"
    )
    mm_per_pixel: float = parameter(
        0.05, unit="mm/px", minimum=1e-4, maximum=10.0, description="scale of the image on the gel"
    )
    dark_markers: bool = parameter(True, description="dots are darker than the gel; else brighter")
    contrast: float = parameter(
        25.0,
        unit="grey levels",
        minimum=1.0,
        maximum=255.0,
        description="least difference between a dot and the gel around it",
    )
    minimum_area_px: float = parameter(
        12.0, unit="px^2", minimum=1.0, maximum=1e6, description="smallest dot"
    )
    maximum_area_px: float = parameter(
        2500.0, unit="px^2", minimum=1.0, maximum=1e6, description="largest dot"
    )
    reference: str = parameter(
        "",
        description="image file of the untouched skin; empty: averaged from the first frames",
    )
    reference_frames: int = parameter(
        15, minimum=1, maximum=1000, description="frames averaged for the reference"
    )
