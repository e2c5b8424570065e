"""ONNX's operators in plain torch functions: a family a file, a row each in ``table.py``."""
