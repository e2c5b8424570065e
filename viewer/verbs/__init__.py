"""Verbs, a topic a file: plain functions, as in :mod:`viewer.commands`."""
