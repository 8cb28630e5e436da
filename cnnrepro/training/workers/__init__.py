"""One run on several machines: who takes part, how they start, talk and end."""
