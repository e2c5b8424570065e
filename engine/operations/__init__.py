"""Operation kinds: one a file. Each knows its forward pass and its adjoint on the way back."""
