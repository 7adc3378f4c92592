"""What the columns mean."""

from fidelia.schema.kinds import Kind, Role
from fidelia.schema.schema import Column, Schema

__all__ = ["Column", "Kind", "Role", "Schema"]
