"""Ways to execute a policy, on the simulated robot through the arbiter."""

from __future__ import annotations

import itertools
from pathlib import Path

import pytest
from graph import launched

from takt_core.conversions import stamp_from_ros
from takt_msgs.msg import ControlMode, PolicyStatus
from takt_policy.testing import straight_chunk, tiny_spec, write_tiny_bundle


@pytest.mark.parametrize(
    ("schedule", "residual"), [("synchronous", False), ("ensembling", False), ("rtc", True)]
)
def test_the_arm_follows_without_a_hold(
    ros_domain: int, tmp_path: Path, schedule: str, residual: bool
) -> None:
    spec = tiny_spec(residual=residual)
    clean = straight_chunk(spec, (0.0, 0.003, 0.0))
    write_tiny_bundle(tmp_path / "sideways.takt", spec=spec, clean=clean)
    config = tmp_path / "policy.yaml"
    config.write_text(
        "/**:\n  ros__parameters:\n"
        f"    schedule: {schedule}\n"
        f"    residual: {str(residual).lower()}\n"
    )
    with launched(
        "sim_policy",
        tmp_path / "log.txt",
        bundle=tmp_path / "sideways.takt",
        policy_config=config,
        record=False,
        rate_factor="0.3",
    ) as client:
        client.until(lambda: client.mode_is(ControlMode.POLICY), "mode POLICY")
        client.until(lambda: len(client.steps) > 0, "the first action")
        begin = len(client.modes)
        y_m = client.arm[-1].tcp_pose.position.y
        client.pass_time(2.0)
        assert client.modes[begin:] == [], "even while it stands still to plan"
        assert abs(client.arm[-1].tcp_pose.position.y - y_m) > 0.005
        status = client.statuses[-1]
        assert status.state == PolicyStatus.RUNNING
        assert status.execution.startswith(schedule)
        assert status.over_budget == status.failed_plans == 0
        times = [stamp_from_ros(one.header.stamp) for one in client.steps]
        assert all(a < b for a, b in itertools.pairwise(times))
        assert (status.revisions > 0) == residual
        assert any(one.chunk_revision > 0 for one in client.steps) == residual
        assert {one.has_residual for one in client.steps} == {residual}
