"""The journey's eyes: the vision models put together, frame in, judgement out; used from the vision lane alone."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
