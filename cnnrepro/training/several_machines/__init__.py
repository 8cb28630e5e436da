"""One run on several machines, on JAX: the workers' addresses, their start, their messages, their end."""
