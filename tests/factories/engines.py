"""One engine for all tests that only ask: booting it takes seconds. It is a real process, and is
started again if a test kills it."""

from __future__ import annotations

from engine.process import EngineProcess

ENGINE = EngineProcess()
