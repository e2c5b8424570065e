"""Reads DICOM files into studies and frames: pydicom and numpy only, no Qt, no torch.

``study.scan`` finds what there is, ``reader.read_frame`` reads the pixels of one image,
``frame.to_grey`` shows them. ``errors.DicomError`` is all that a caller has to catch.
"""
