"""Does the relief of a face move as a solid does? What neither a plane nor a bowed sheet can leave, as one number.

A sheet worn round a head has depth, and parallax with it; a limit on parallax alone lets it through. But its depth is
one smooth bow. Nose, eye sockets and chin are not, and a solid head moves them against their surroundings by as much
as its straight look says that they stand out. So the bow is taken away, from what was seen and from what a solid head
of this mesh would have shown, and what is left of the one is held against what is left of the other.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.mesh_points import RIGID
from appliance.vision.pose import off_plane, rigid_points, rotation

Values = NDArray[np.float64]

LEAST_TOLD = 0.02
"""RMS over points, in RMS head sizes: a mesh that tells of less relief than this is taken to tell of as much.

A head tells of 0.027 or more at 18 degrees. Without a floor, noise on a flat mesh would be divided by nearly nothing.
"""


def relief_share(before: FaceMesh, after: FaceMesh) -> float:
    """1 = features moved against their surroundings as those of a solid head, 0 = as on a sheet, flat or bowed.

    Nothing is taken from a model of a head: how far the relief should move follows from the depths in `before` and
    the rotation between the two meshes. NaN when a mesh has no extent or is not finite.
    """
    straight, now = rigid_points(before), rigid_points(after)
    turn = rotation(straight, now)
    if not np.isfinite(turn).all():
        return math.nan
    bow = _bow(straight[:, :2])
    seen = _without(bow, off_plane(straight[:, :2], now[:, :2]))
    told = _without(bow, off_plane(straight[:, :2], (straight @ turn.T)[:, :2]))
    return float((seen * told).sum() / max(float((told**2).sum()), LEAST_TOLD**2 * len(RIGID)))


def _bow(flat: Values) -> Values:
    """Every smooth bow over these points (n x 2): an orthonormal base (n x 6) of the quadratic functions of place."""
    x, y = flat.T
    base: Values = np.linalg.qr(np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1))[0]
    return base


def _without(bow: Values, moved: Values) -> Values:
    left: Values = moved - bow @ (bow.T @ moved)
    return left
