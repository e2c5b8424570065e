"""The engine's own errors. Each message is a sentence that a user can act on."""

from __future__ import annotations


class EngineError(Exception):
    """Base of everything that the engine raises on purpose."""


class ModelError(EngineError):
    """A model folder is missing, damaged, or does not fit its specification."""


class UnsupportedOperationError(EngineError):
    """The model has an operation that the engine cannot take back to the image."""


class RequestError(EngineError):
    """The request does not fit the model (unknown class, layer or rule) or the image."""


class DeviceError(EngineError):
    """The device asked for is not there."""


class MissingPackageError(EngineError):
    """A package that only an optional part needs is not installed."""
