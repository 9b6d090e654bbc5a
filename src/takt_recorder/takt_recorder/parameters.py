"""Parameters of the recorder node."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from takt_core.parameters import parameter
from takt_recorder.bag_writer import COMPRESSIONS
from takt_recorder.episode_recorder import RecordingOptions

_MB = 1_000_000
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class RecorderParameters:
    """What is recorded, where to, and how safely."""

    folder: str = parameter(
        "out/bags", description="folder of the bags, made if needed; relative to the working folder"
    )
    topics: tuple[str, ...] = parameter(
        ("*", "/diagnostics", "/rosout"),
        description="names or patterns (* ? [..]) to record; relative ones are below the node's "
        "namespace; topics that appear later are added",
    )
    exclude: tuple[str, ...] = parameter(
        ("/clock", "/parameter_events", "*/transition_event"),
        description="names or patterns that are not recorded, although `topics` has them",
    )
    pre_roll_s: float = parameter(
        1.0, unit="s", minimum=0.0, maximum=60.0, description="put in front of every episode"
    )
    post_roll_s: float = parameter(
        0.2,
        unit="s",
        minimum=0.0,
        maximum=10.0,
        description="recorded beyond recorder/finish: what was sent before it may still arrive",
    )
    flush_s: float = parameter(
        1.0,
        unit="s",
        minimum=0.05,
        maximum=60.0,
        description="what a crash can cost: messages are secured on the disk this often",
    )
    sync: bool = parameter(
        True,
        description="wait for the device at every flush, so that a power loss costs no more "
        "than a crash",
    )
    compression: str = parameter(
        "none", choices=tuple(COMPRESSIONS), description="of the bag's chunks"
    )
    queue_mb: int = parameter(
        512,
        unit="MB",
        minimum=1,
        maximum=65536,
        description="messages that may wait in memory for the disk; the pre-roll may take as "
        "much again",
    )
    minimum_free_mb: int = parameter(
        500,
        unit="MB",
        minimum=0,
        maximum=10_000_000,
        description="with less space on the disk no recording is started",
    )
    stall_s: float = parameter(
        2.0,
        unit="s",
        minimum=0.1,
        maximum=60.0,
        description="a disk operation that takes longer is reported while it lasts",
    )
    poll_s: float = parameter(
        0.005,
        unit="s",
        minimum=0.0005,
        maximum=0.1,
        description="received messages are fetched from the middleware this often",
    )
    recover_at_start: bool = parameter(
        True, description="repair bags in `folder` that an earlier recorder did not complete"
    )

    def options(self) -> RecordingOptions:
        """For the ROS-free part."""
        return RecordingOptions(
            folder=Path(self.folder).expanduser(),
            pre_roll_ns=round(self.pre_roll_s * _NS_PER_S),
            pre_roll_bytes=self.queue_mb * _MB,
            compression=self.compression,
            sync=self.sync,
            minimum_free_bytes=self.minimum_free_mb * _MB,
        )
