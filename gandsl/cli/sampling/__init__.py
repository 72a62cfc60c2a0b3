"""How `gandsl sample` turns its options into pictures."""
