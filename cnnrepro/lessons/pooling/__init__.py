"""The notebook on pooling."""
