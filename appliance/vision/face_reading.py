"""One frame, read once: faces, mesh, quality, and what the challenge and the passive PAD need of it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from appliance.vision import face_quality, screen_cues, track, turn
from appliance.vision.eye_lids import MODEL as LIDS
from appliance.vision.eye_lids import LidReader
from appliance.vision.face_comparison import MODEL as COMPARISON
from appliance.vision.face_comparison import Embedding, FaceComparer
from appliance.vision.face_detection import MODEL as FACES
from appliance.vision.face_detection import DetectedFace, FaceDetector
from appliance.vision.face_landmarks import MODEL as MESH
from appliance.vision.face_landmarks import FaceMesh, FaceMesher
from appliance.vision.face_pad import PassivePad
from appliance.vision.model import MODELS, Model, Pixels
from appliance.vision.screen_cues import ScreenCues
from appliance.vision.track import Sighting
from border.quality import QualityComponent

MAX_SECOND_FACE = 0.5
"""Size over that of the first, where no policy speaks: in a portrait, and when frames are read by themselves."""


@dataclass(frozen=True, slots=True, eq=False)
class FaceReading:
    """What one frame holds. Without a face, or with one that carries no mesh, all but `components` is empty."""

    faces: tuple[DetectedFace, ...]  # the largest first
    components: tuple[QualityComponent, ...]
    sighting: Sighting | None  # of the one face; None: no face, or a second one of like size
    attack_score: float | None  # 0 bona fide .. 1 attack, may be NaN; None: no passive bundle, or no face
    cues: ScreenCues | None = None  # of a straight look, where they are judged

    @property
    def box(self) -> tuple[int, int, int, int] | None:
        """The largest face: x, y, width, height in pixels."""
        if not self.faces:
            return None
        face = self.faces[0]
        return round(face.left), round(face.top), round(face.width), round(face.height)


class FaceReader:
    """All nets of the face together. One thread only: that of the appliance's vision lane."""

    def __init__(
        self,
        detector: FaceDetector,
        mesher: FaceMesher,
        lid_reader: LidReader,
        comparer: FaceComparer,
        passive: PassivePad | None,
    ) -> None:
        self._detector, self._mesher, self._lid_reader = detector, mesher, lid_reader
        self._comparer, self._passive = comparer, passive

    @staticmethod
    def load(models: Path = MODELS, passive: PassivePad | None = None) -> FaceReader:
        """Load and verify the four nets. Raises `ModelAbsent`, `ModelTampered` or `ModelUnfit`."""
        return FaceReader(
            FaceDetector(Model.load(FACES, models)),
            FaceMesher(Model.load(MESH, models)),
            LidReader(Model.load(LIDS, models)),
            FaceComparer(Model.load(COMPARISON, models)),
            passive,
        )

    @property
    def has_passive(self) -> bool:
        """Whether a passive bundle scores the frames; without one only the challenge speaks."""
        return self._passive is not None

    @property
    def passive_name(self) -> str:
        """The bundle with its version; "" without one."""
        return self._passive.name if self._passive else ""

    @property
    def comparison(self) -> str:
        """Which network compares faces, and which file of it."""
        return self._comparer.version

    def portrait(self, pixels: Pixels) -> Embedding | None:
        """Of the one face in a portrait, BGR; None when there is none, or a second one of like size."""
        faces = self._detector.find(pixels)
        if not faces or face_quality.single_face(faces).native > MAX_SECOND_FACE:
            return None
        mesh = self._mesher.find(pixels, faces[0])
        return None if mesh is None else self._comparer.embed(pixels, mesh)

    def read(self, pixels: Pixels, max_second_face: float = MAX_SECOND_FACE) -> FaceReading:
        """Read one BGR frame (height x width x 3, uint8). `max_second_face` is policy's."""
        faces = self._detector.find(pixels)
        alone = face_quality.single_face(faces)
        mesh = self._mesher.find(pixels, faces[0]) if faces else None
        if mesh is None:
            return FaceReading(faces, (alone,), sighting=None, attack_score=None)
        lids = self._lid_reader.find(pixels, mesh)
        return FaceReading(
            faces,
            (alone, *face_quality.assess(pixels, mesh, lids)),
            sighting=self._sighting(pixels, mesh) if alone.native <= max_second_face else None,
            attack_score=self._passive.attack_score(pixels, faces[0]) if self._passive else None,
            cues=screen_cues.cues(pixels, mesh) if turn.is_straight(mesh) else None,
        )

    def _sighting(self, pixels: Pixels, mesh: FaceMesh) -> Sighting:
        identity = self._comparer.embed(pixels, mesh) if turn.is_straight(mesh) else None
        return track.sighting(pixels, mesh, identity)
