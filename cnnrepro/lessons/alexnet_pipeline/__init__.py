"""The notebook on AlexNet's data pipeline."""
