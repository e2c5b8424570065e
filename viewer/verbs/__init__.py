"""Verbs of the audit, a topic a file: plain functions, as in :mod:`viewer.commands`."""
