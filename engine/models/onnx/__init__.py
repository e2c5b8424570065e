"""ONNX files, read as data: bytes → checked :class:`OnnxFile` → :class:`OnnxNetwork` in torch.

The package ``onnx`` is imported when the first file is read, and only its parser and its checker
are used; nothing in a file is ever executed.
"""
