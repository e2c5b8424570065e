"""From values to colours: pure functions on numpy arrays, no Qt."""
