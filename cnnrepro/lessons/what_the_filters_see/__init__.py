"""The notebook that looks into a trained network."""
