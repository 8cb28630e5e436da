"""The notebook on convolution."""
