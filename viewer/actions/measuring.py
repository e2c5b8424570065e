"""Lengths, angles and statistics."""

from __future__ import annotations

from viewer.actions.row import ActionRow

MEASURING: tuple[ActionRow, ...] = ()
