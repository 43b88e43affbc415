"""Meshes that turn without a net: one seen mesh, rotated in space or bent as a plane."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from appliance.vision.face_landmarks import FaceMesh
from appliance.vision.track import Sighting


def moved(mesh: FaceMesh, x_px: float = 0.0, y_px: float = 0.0, scale: float = 1.0) -> FaceMesh:
    """The same head elsewhere in the frame, or nearer."""
    middle = mesh.points.mean(axis=0)
    points = (mesh.points - middle) * scale + middle + (x_px, y_px, 0)
    return replace(mesh, points=points.astype(np.float32))


def turned(mesh: FaceMesh, yaw_deg: float = 0.0, pitch_deg: float = 0.0, roll_deg: float = 0.0) -> FaceMesh:
    """A head turned about its middle. Yaw > 0 to its own left, pitch > 0 down, roll > 0 to its own right shoulder.

    One angle at a time: the axes are the picture's.
    """
    yaw, pitch, roll = (math.radians(angle) for angle in (-yaw_deg, pitch_deg, -roll_deg))
    about_y = np.array([[math.cos(yaw), 0, math.sin(yaw)], [0, 1, 0], [-math.sin(yaw), 0, math.cos(yaw)]])
    about_x = np.array([[1, 0, 0], [0, math.cos(pitch), -math.sin(pitch)], [0, math.sin(pitch), math.cos(pitch)]])
    about_z = np.array([[math.cos(roll), -math.sin(roll), 0], [math.sin(roll), math.cos(roll), 0], [0, 0, 1]])
    middle = mesh.points.mean(axis=0)
    points = (mesh.points - middle) @ (about_y @ about_x @ about_z).T + middle
    return replace(mesh, points=points.astype(np.float32))


def as_a_plane(mesh: FaceMesh, yaw_deg: float) -> FaceMesh:
    """What a net might say of a turned picture at worst: the depth turns, but in the frame it is a plane's turn."""
    angle = math.radians(yaw_deg)
    middle = mesh.points.mean(axis=0)
    flat = mesh.points - middle
    deep = turned(mesh, yaw_deg).points[:, 2] - middle[2]
    points = np.stack([flat[:, 0] * math.cos(angle), flat[:, 1], deep], axis=1) + middle
    return replace(mesh, points=points.astype(np.float32))


def worn(mesh: FaceMesh, radius: float, yaw_deg: float = 0.0, pitch_deg: float = 0.0) -> FaceMesh:
    """The face cut out and bowed round an upright axis, `radius` in face widths; a net believes in its depth."""
    xy = mesh.points[:, :2]
    width = float(np.ptp(xy[:, 0]))
    across = (xy[:, 0] - xy[:, 0].mean()) / (radius * width)
    bowed = np.stack([np.sin(across), xy[:, 1] / (radius * width), 1 - np.cos(across)], axis=1) * radius * width
    shown = turned(replace(mesh, points=bowed.astype(np.float32)), yaw_deg, pitch_deg).points[:, :2]
    return replace(mesh, points=np.column_stack([shown, turned(mesh, yaw_deg, pitch_deg).points[:, 2]]))


def sighted(like: Sighting, mesh: FaceMesh) -> Sighting:
    """A sighting of another mesh with the looks and the identity of this one."""
    return Sighting(mesh, like.looks, like.identity)
