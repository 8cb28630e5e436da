"""The notebook on dense layers as convolutions."""
