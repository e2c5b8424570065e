"""The benchmark of the bias audit: models that use a marker by construction, and clean ones."""
