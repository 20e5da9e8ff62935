"""Properties that hold for any text, and what looks for a text that breaks them."""
