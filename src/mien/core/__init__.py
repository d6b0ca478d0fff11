"""Values that every layer shares: types, errors, labels, geometry, picture decoding, settings.

Imports NumPy and OpenCV and nothing else of Mien.
"""
