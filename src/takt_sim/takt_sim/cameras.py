"""Simulated cameras: rendering without shadows and reflections, noise, and latency.

Measured with software rendering: 96x96 takes 0.6 ms, where shadows alone would make it 10 ms.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import mujoco
import numpy as np
from numpy.typing import NDArray

from takt_core.deferred import DeferredArray
from takt_core.errors import TaktError
from takt_sim.scenery import Scenery

Image = NDArray[np.uint8]

NOISE_BANK = 1 << 20


@dataclass(frozen=True)
class CameraParameters:
    """One camera.

    Attributes:
        name: of the camera in the world; its stream is `<name>/image_raw`.
        latency_s: from exposure to delivery; the image is stamped with the exposure.
        phase_s: of the first exposure in an episode.
        noise: standard deviation of each value [of 255].
        samples: per pixel against jagged edges; each costs time.
    """

    name: str
    width: int = 96
    height: int = 96
    rate_hz: float = 30.0
    latency_s: float = 0.020
    phase_s: float = 0.0
    noise: float = 1.5
    samples: int = 0

    @property
    def stream(self) -> str:
        return f"{self.name}/image_raw"

    def intrinsics(self, vertical_field_deg: float) -> NDArray[np.float64]:
        """(3, 3) pinhole matrix [pixels]; square pixels, centre in the middle."""
        focal = 0.5 * self.height / np.tan(np.deg2rad(vertical_field_deg) / 2.0)
        return np.array(
            [[focal, 0.0, self.width / 2.0], [0.0, focal, self.height / 2.0], [0.0, 0.0, 1.0]]
        )


class CameraRig:
    """Renders all cameras of one world. Belongs to the thread that made it."""

    def __init__(self, model: mujoco.MjModel, cameras: Sequence[CameraParameters]) -> None:
        self._model = model
        self._closed = False
        self._cameras = {camera.name: camera for camera in cameras}
        width = max(camera.width for camera in cameras)
        height = max(camera.height for camera in cameras)
        self._gl: Any = mujoco.GLContext(width, height)
        self._gl.make_current()
        self._contexts = {
            samples: self._context(samples) for samples in {camera.samples for camera in cameras}
        }
        self._scene = mujoco.MjvScene(model, maxgeom=2 * model.ngeom)
        for flag in (mujoco.mjtRndFlag.mjRND_SHADOW, mujoco.mjtRndFlag.mjRND_REFLECTION):
            self._scene.flags[flag] = 0
        self._option = mujoco.MjvOption()
        self._perturb = mujoco.MjvPerturb()
        self._noise = np.random.default_rng(0).normal(0.0, 1.0, NOISE_BANK).astype(np.float32)
        self._later: mujoco.MjData | None = None
        self._looks = 0

    def _context(self, samples: int) -> mujoco.MjrContext:
        # MuJoCo reads these when it makes the frame buffer; a small one clears faster.
        self._model.vis.quality.offsamples = samples
        sizes = [(c.width, c.height) for c in self._cameras.values() if c.samples == samples]
        self._model.vis.global_.offwidth = max(width for width, _ in sizes)
        self._model.vis.global_.offheight = max(height for _, height in sizes)
        context = mujoco.MjrContext(self._model, mujoco.mjtFontScale.mjFONTSCALE_100)
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        return context

    def render(
        self, data: mujoco.MjData, name: str, rng: np.random.Generator | None = None
    ) -> Image:
        """(height, width, 3) RGB, first row on top.

        Args:
            rng: source of the sensor's noise; None renders without.
        """
        camera = self._cameras[name]
        image = self._draw(data, camera)
        return image if rng is None else self._with_noise(image, camera, self._grain(camera, rng))

    def expose(self, data: mujoco.MjData, name: str, rng: np.random.Generator) -> DeferredArray:
        """The same image as `render` gives, drawn only when it is looked at.

        It has to be looked at before the look of the world changes (`forget`).
        """
        camera = self._cameras[name]
        scenery, grain, looks = Scenery(data), self._grain(camera, rng), self._looks

        def draw() -> Image:
            if looks != self._looks:
                raise TaktError(
                    f"an image of {name} from an earlier episode was looked at too late; look at "
                    "images before the next reset, or set lazy_images to false"
                )
            if self._later is None:
                self._later = mujoco.MjData(self._model)
            scenery.put_into(self._later)
            return self._with_noise(self._draw(self._later, camera), camera, grain)

        return DeferredArray((camera.height, camera.width, 3), np.uint8, draw)

    def forget(self) -> None:
        """The world is about to look otherwise: images not looked at by now are lost."""
        self._looks += 1

    def _draw(self, data: mujoco.MjData, camera: CameraParameters) -> Image:
        context = self._contexts[camera.samples]
        view = mujoco.MjvCamera()
        view.type = mujoco.mjtCamera.mjCAMERA_FIXED
        view.fixedcamid = self._model.camera(camera.name).id
        self._gl.make_current()
        mujoco.mjr_setBuffer(mujoco.mjtFramebuffer.mjFB_OFFSCREEN, context)
        mujoco.mjv_updateScene(
            self._model,
            data,
            self._option,
            self._perturb,
            view,
            mujoco.mjtCatBit.mjCAT_ALL,
            self._scene,
        )
        rectangle = mujoco.MjrRect(0, 0, camera.width, camera.height)
        pixels = np.empty((camera.height, camera.width, 3), dtype=np.uint8)
        mujoco.mjr_render(rectangle, self._scene, context)
        mujoco.mjr_readPixels(pixels, None, rectangle, context)
        return np.ascontiguousarray(pixels[::-1])

    def _grain(self, camera: CameraParameters, rng: np.random.Generator) -> int:
        """Where in the bank the noise begins; drawing noise afresh costs as much as rendering."""
        return int(rng.integers(0, NOISE_BANK)) if camera.noise else 0

    def _with_noise(self, image: Image, camera: CameraParameters, start: int) -> Image:
        if camera.noise == 0.0:
            return image
        grain = np.take(self._noise, np.arange(start, start + image.size), mode="wrap").reshape(
            image.shape
        )
        noisy = image + camera.noise * grain
        return np.clip(noisy + 0.5, 0.0, 255.0).astype(np.uint8)

    def close(self) -> None:
        """Give back the graphics memory. A second call does nothing."""
        if self._closed:
            return
        self._closed = True
        self._gl.make_current()
        for context in self._contexts.values():
            context.free()
        self._gl.free()

    def __del__(self) -> None:
        # MuJoCo's contexts would free their objects in whichever context is current, by number:
        # those of another world, whose images would be wrong from then on.
        if not sys.is_finalizing() and hasattr(self, "_scene"):
            self.close()
