"""The viewer: opens DICOM studies and shows what the model responded to. Imports no torch."""

__version__ = "0.1.0"
