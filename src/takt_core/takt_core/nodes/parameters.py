"""Declares a parameter dataclass at a ROS node and reads it back, validated."""

from __future__ import annotations

import sys
from typing import Any, TypeVar

from rcl_interfaces.msg import FloatingPointRange, IntegerRange, ParameterDescriptor
from rclpy.exceptions import ParameterException
from rclpy.node import Node

from takt_core.errors import TaktError
from takt_core.parameters import Declaration, declarations, from_mapping

T = TypeVar("T")

# Parameters that every node has and that ROS or the node base reads.
_COMMON = ("use_sim_time", "autostart", "start_type_description_service")


def declare(node: Node, cls: type) -> None:
    """Declares what was not given from outside and describes the rest.

    The node is made with ``automatically_declare_parameters_from_overrides``; values of a
    wrong type therefore arrive here and are refused by ``read`` with a message of ours.
    """
    for declaration in declarations(cls):
        descriptor = _descriptor(declaration)
        if node.has_parameter(declaration.name):
            try:
                node.set_descriptor(declaration.name, descriptor)
            except ParameterException:
                continue  # out of range: read() refuses it and says more
        else:
            default = declaration.default
            value = list(default) if declaration.is_tuple else default
            node.declare_parameter(declaration.name, value, descriptor)


def read(node: Node, cls: type[T]) -> T:
    """The node's parameters as a dataclass.

    Raises:
        TaktError: an unknown name or a value that is not allowed.
    """
    values: dict[str, Any] = {}
    for name, found in node.get_parameters_by_prefix("").items():
        if name in _COMMON or name.startswith("qos_overrides."):
            continue
        values[name] = found.value
    return from_mapping(cls, values, source_of(node))


def source_of(node: Node) -> str:
    """Where the node's parameters came from, for messages."""
    files = [b for a, b in zip(sys.argv, sys.argv[1:], strict=False) if a == "--params-file"]
    where = f", parameters from {', '.join(files)}" if files else ""
    return f"node {node.get_fully_qualified_name()}{where}"


def refuse_type_error(error: Exception, node: Node) -> TaktError:
    """A message of ours for what rclpy refuses before we see it."""
    return TaktError(f"{source_of(node)}: {error}")


def _descriptor(declaration: Declaration) -> ParameterDescriptor:
    unit = f" [{declaration.unit}]" if declaration.unit else ""
    descriptor = ParameterDescriptor(
        name=declaration.name,
        description=declaration.description + unit,
        additional_constraints=declaration.allowed(),
        dynamic_typing=True,
    )
    low, high = declaration.minimum, declaration.maximum
    if not declaration.is_tuple and (low is not None or high is not None):
        if declaration.kind is float:
            descriptor.floating_point_range = [
                FloatingPointRange(
                    from_value=-1e300 if low is None else float(low),
                    to_value=1e300 if high is None else float(high),
                    step=0.0,
                )
            ]
        elif declaration.kind is int:
            descriptor.integer_range = [
                IntegerRange(
                    from_value=-(2**62) if low is None else int(low),
                    to_value=2**62 if high is None else int(high),
                    step=0,
                )
            ]
    return descriptor
