"""Verbs of the audit, a topic a file: plain functions of the context, as in :mod:`viewer.commands`."""
