"""Values that every layer shares: types, errors, labels, geometry, picture decoding, settings.

Imports NumPy and OpenCV and nothing else of Mien.
"""

import os

# OpenCV reads this once, when it is first imported, which for Mien is always after this line. `codec` refuses large
# pictures by their header; this is the second fence, for whatever reaches OpenCV by another way.
os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", str(2**26))
