"""Serialized messages into objects, by the definitions that a bag carries.

The objects have the attributes of the ROS messages, with numpy arrays for sequences of
numbers. No installed interface package is needed.
"""

from __future__ import annotations

from typing import Any

from rosbags.typesys import Stores, get_types_from_msg, get_typestore

from takt_core.errors import TaktError
from takt_recorder.definitions import SEPARATOR, Definition


class Decoder:
    """Decodes messages of the types that were added."""

    def __init__(self) -> None:
        self._store = get_typestore(Stores.EMPTY)
        self._known: set[str] = set()

    def add(self, definition: Definition) -> bool:
        """Learn a type and those nested in it; False if the definition has no text."""
        if definition.type_name in self._known:
            return True
        if not definition.text:
            return False
        own, *nested = definition.text.split(f"{SEPARATOR}\nMSG: ")
        types = dict(get_types_from_msg(own, definition.type_name))
        for part in nested:
            name, text = part.split("\n", 1)
            package, _, short = name.strip().partition("/")
            types |= get_types_from_msg(text, f"{package}/msg/{short.rpartition('/')[2]}")
        unknown = {name: kind for name, kind in types.items() if name not in self._store.fielddefs}
        self._store.register(unknown)
        self._known.add(definition.type_name)
        return True

    def decode(self, type_name: str, data: bytes) -> Any:
        """The message as an object.

        Raises:
            TaktError: the type is not known.
        """
        if type_name not in self._known:
            raise TaktError(
                f"the definition of {type_name} is not in the bag, so its messages cannot be "
                f"decoded; known are {', '.join(sorted(self._known)) or 'none'}"
            )
        return self._store.deserialize_cdr(data, type_name)

    def encode(self, type_name: str, message: Any) -> bytes:
        """The reverse of `decode`."""
        return bytes(self._store.serialize_cdr(message, type_name))
