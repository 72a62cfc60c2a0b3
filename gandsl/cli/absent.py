"""Packages that a command needs and does not find, or can't load: torch above all."""

from __future__ import annotations

REMEDIES = {
    "torch": "pip install torch (https://pytorch.org/get-started/locally has each system's command)",
    "PIL": "pip install pillow",
    "yaml": "pip install pyyaml",
}
_LIBRARY = (".so", ".dll", ".dylib")


def absent(error: BaseException) -> tuple[str, str] | None:
    """What is missing and what to do, where an error says that a package of others is not there.

    A module of ours that is not there is our fault, or the installation's: None.
    """
    if isinstance(error, ImportError) and error.name:
        package = error.name.partition(".")[0]
        if package.startswith("gandsl"):
            return None
        what = "is not installed" if isinstance(error, ModuleNotFoundError) else f"can't be loaded: {error}"
        return f"this command needs {package}, which {what}", REMEDIES.get(package, f"pip install {package}")
    if isinstance(error, ImportError | OSError) and any(end in str(error) for end in _LIBRARY):
        return f"a package can't load a library of its own: {error}", "install that package again"
    return None
