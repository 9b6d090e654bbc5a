"""From a bag to samples, by the same function that live nodes use."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from pathlib import Path

from takt_core.conversions import sample_from_ros
from takt_core.errors import TaktError
from takt_core.streams import Sample
from takt_recorder.reader import BagReader


def samples_from_bag(bag: Path, streams: Collection[str], namespace: str = "/") -> Iterator[Sample]:
    """The samples of some streams in the order in which they were received.

    Args:
        streams: relative names, as a policy's inputs name them, e.g. `arm/state`.
        namespace: of the robot in the bag.

    Raises:
        TaktError: a stream is not in the bag, or is of a type that no input can read.
    """
    reader = BagReader(bag)
    names = {f"{namespace.rstrip('/')}/{stream}": stream for stream in streams}
    missing = [name for name in names if name not in reader.topics()]
    if missing:
        raise TaktError(
            f"{reader.bag} has no {', '.join(missing)}; it has {', '.join(reader.topics())}"
        )
    for message, decoded in reader.decoded(names):
        yield sample_from_ros(names[message.topic], decoded)
