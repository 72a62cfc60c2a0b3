"""The language: YAML with places, expressions, declarations, extends and patches. Knows neither ops nor torch."""
