"""The version of gandsl."""

__version__ = "0.1.0"
