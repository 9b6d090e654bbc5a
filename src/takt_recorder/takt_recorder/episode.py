"""`episode.yaml`: what was done, how it ended, and how well it was recorded."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import yaml

from takt_core.errors import TaktError
from takt_recorder import metadata, provenance
from takt_recorder.audit import TopicReport
from takt_recorder.facts import EpisodeFacts

FILE_NAME = "episode.yaml"
FORMAT = 1
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}")
_NS_PER_S = 1_000_000_000


@dataclass(frozen=True)
class EpisodeRequest:
    """What is known of an episode when it starts.

    Attributes:
        name: of the bag's folder; empty for one made from the time.
        task, goal, operator, device: free text.
        tags: free labels, e.g. `seed`.
    """

    name: str = ""
    task: str = ""
    goal: str = ""
    operator: str = ""
    device: str = ""
    tags: Mapping[str, str] = field(default_factory=dict)

    def resolved_name(self, wall_s: float) -> str:
        """The name of the bag's folder.

        Raises:
            TaktError: it is not fit to be a folder's name.
        """
        if not self.name:
            return datetime.fromtimestamp(wall_s, timezone.utc).strftime("episode_%Y%m%d_%H%M%S_%f")
        if _NAME.fullmatch(self.name) is None:
            raise TaktError(
                f"episode name {self.name!r}: allowed are letters, digits, '.', '_' and '-', "
                "at most 128, not beginning with a sign. Change `episode` in recorder/start"
            )
        return self.name


@dataclass
class Episode:
    """One recording, from its start to its end.

    Attributes:
        name: of the bag's folder.
        start_ns: ROS time at which the recording was asked for [ns]; the pre-roll is before.
        start_utc: the same in wall-clock time, ISO 8601.
        pre_roll_s: length of the ring that was put in front [s].
    """

    name: str
    request: EpisodeRequest
    start_ns: int
    start_utc: str
    pre_roll_s: float

    def opening(self) -> dict[str, Any]:
        """What can be said at the start; it is in the bag in case there is no end."""
        return {
            "format": FORMAT,
            "episode": self.name,
            "state": "recording",
            "task": self.request.task,
            "goal": self.request.goal,
            "operator": self.request.operator,
            "device": self.request.device,
            "tags": dict(self.request.tags),
            "outcome": None,
            "note": "",
            "cut": False,
            "start_ns": self.start_ns,
            "start_utc": self.start_utc,
            "pre_roll_s": self.pre_roll_s,
            "versions": provenance.versions(),
            "host": provenance.host(),
        }


def closing(
    opening: Mapping[str, Any],
    outcome: str | None,
    note: str,
    end_ns: int,
    facts: EpisodeFacts,
    audit: list[TopicReport],
    cut: bool = False,
) -> dict[str, Any]:
    """The whole content of `episode.yaml`.

    Args:
        end_ns: ROS time at which the recording ended [ns].
        cut: the recording did not end as it should; it was repaired.
    """
    values = dict(opening)
    values.update(
        state="cut" if cut else "finished",
        outcome=outcome,
        note=note,
        cut=cut,
        end_ns=end_ns,
        duration_s=round((end_ns - int(values["start_ns"])) / _NS_PER_S, 6),
        **facts.to_mapping(end_ns),
    )
    values["audit"] = {
        "received": sum(topic.received for topic in audit),
        "written": sum(topic.written for topic in audit),
        "lost": sum(topic.lost for topic in audit),
        "topics": {topic.topic: topic.to_mapping() for topic in audit},
    }
    return values


def write(bag: Path, values: Mapping[str, Any]) -> None:
    """Write `episode.yaml` into a bag, replacing an earlier one at once."""
    text = yaml.safe_dump(_plain(values), sort_keys=False, allow_unicode=True, width=1000)
    metadata.write_atomically(bag / FILE_NAME, text)


def read(bag: Path) -> dict[str, Any] | None:
    """The content of a bag's `episode.yaml`, None if it has none.

    Raises:
        TaktError: the file is there and is not what it should be.
    """
    path = bag / FILE_NAME
    if not path.is_file():
        return None
    try:
        values = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise TaktError(f"{path} is not readable YAML: {error}") from error
    if not isinstance(values, dict):
        raise TaktError(f"{path} contains {type(values).__name__}; a mapping is expected")
    return values


def _plain(value: Any) -> Any:
    """Mappings, lists and scalars that YAML and JSON share: NaN becomes null."""
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
