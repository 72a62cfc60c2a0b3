"""The language: YAML with places, expressions, declarations, extends, patches. Knows no ops and no torch."""
