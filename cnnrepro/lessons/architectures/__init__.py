"""The notebook on the classic architectures."""
