"""What the checks of several topics share: sentences, networks to look at, gradients on every backend."""
