"""What the explanatory notebooks compute and show, a folder a notebook."""
