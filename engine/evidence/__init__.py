"""Do the maps mean what they seem to say? Agreement with landmarks, beside its nulls."""
