"""Which mesh point is what: the numbers of MediaPipe's 468-point face mesh that we use, in groups.

Right and left are the traveller's own: his right eye lies at the picture's left.
"""

RIGID = (
    *(1, 4, 5, 6, 168, 197, 195, 33, 133, 362, 263, 10, 151, 9, 8, 50, 280, 234, 454, 127, 356, 93, 323, 116, 345),
    *(117, 346, 123, 352, 98, 327, 129, 358, 2, 164, 199, 152, 148, 377, 67, 297, 109, 338, 103, 332, 54, 284),
    *(21, 251),
)
"""49 points that speech and blinking leave alone: nose ridge, eye corners, forehead, cheeks, outline, chin."""

MIRRORED = (
    *((33, 263), (133, 362), (50, 280), (234, 454), (127, 356), (93, 323), (116, 345), (117, 346), (123, 352)),
    *((98, 327), (129, 358), (148, 377), (67, 297), (109, 338), (103, 332), (54, 284), (21, 251)),
)
"""Pairs of rigid points, right and left, that mirror each other across the middle of the face."""

NOSE_BASE = 2
FOREHEAD, CHIN = 10, 152  # the ends of the face's middle line

RIGHT_EYE_OUTER, RIGHT_EYE_INNER = 33, 133
LEFT_EYE_OUTER, LEFT_EYE_INNER = 263, 362

INNER_LIPS = ((13, 14), (82, 87), (312, 317), (81, 178), (311, 402))
"""Upper and lower lip, point above point."""

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""The outline of the face, in order."""
