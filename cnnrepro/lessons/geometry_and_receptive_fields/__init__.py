"""The notebook on sizes and receptive fields."""
