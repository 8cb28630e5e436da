"""What a training takes, before it starts."""
