"""Checkpoints of published implementations, in and out: `import_checkpoint` and `export_weights`."""

from gandsl.interop.errors import InteropError
from gandsl.interop.export import Exported, export_weights
from gandsl.interop.load import Imported, import_checkpoint

__all__ = ["Exported", "Imported", "InteropError", "export_weights", "import_checkpoint"]
