"""What a checkpoint does not say, from a small YAML file that its user writes."""

from takt_export.mapping.parse import read_mapping
from takt_export.mapping.schema import ActionPlan, Mapping, Part
from takt_export.mapping.template import mapping_template

__all__ = ["ActionPlan", "Mapping", "Part", "mapping_template", "read_mapping"]
