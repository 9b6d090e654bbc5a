"""Renders two small frames with MuJoCo and prints how long a frame takes, as JSON."""

from __future__ import annotations

import json
import os
import time

_WORLD = """
<mujoco>
  <visual><global offwidth="640" offheight="480"/><quality shadowsize="0"/></visual>
  <worldbody>
    <light pos="0 0 2"/><geom type="plane" size="1 1 .1"/>
    <geom type="box" size=".1 .1 .1" pos="0 0 .1" rgba="1 0 0 1"/>
    <camera name="eye" pos="0 -1 .6" xyaxes="1 0 0 0 .5 1"/>
  </worldbody>
</mujoco>
"""
_FRAMES = 20


def main() -> None:
    """Render and report."""
    import mujoco

    model = mujoco.MjModel.from_xml_string(_WORLD)
    data = mujoco.MjData(model)
    mujoco.mj_forward(model, data)
    answer: dict[str, object] = {"version": mujoco.__version__}
    answer["backend"] = os.environ.get("MUJOCO_GL", "default")
    brightness = 0.0
    for width, height in ((96, 96), (640, 480)):
        with mujoco.Renderer(model, height, width) as renderer:
            times_ms = []
            for _ in range(_FRAMES):
                start_s = time.perf_counter()
                renderer.update_scene(data, "eye")
                brightness += float(renderer.render().mean())
                times_ms.append((time.perf_counter() - start_s) * 1e3)
        answer[f"{width}x{height}_ms"] = sorted(times_ms)[_FRAMES // 2]
    answer["black"] = brightness == 0.0
    print(json.dumps(answer))


if __name__ == "__main__":
    main()
