"""The synthetic travellers of practice mode: who they are, what their document says, whose face they have."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from border.documents.mrz_writer import Holder, write
from border.documents.values import Format
from simulators.faces import Identity
from simulators.fingers import Condition

SYNTHETIC = "Invented people. Names, numbers, faces and fingers are made up; UTO (Utopia) issues most of the documents."


@dataclass(frozen=True, slots=True)
class Traveller:
    """One invented person with one document.

    `birthday` is (month, day), day None where the document does not know it; `age_years` stays true whenever
    the lines are written. `valid_years` counts from today, negative: expired so long ago. `party`: travellers
    with the same one come together. `languages`: of en, es, fr, ht, the mother tongue first.
    """

    key: str
    name: str
    story: str
    format: Format
    primary_identifier: str
    secondary_identifier: str
    document_number: str
    age_years: int
    birthday: tuple[int, int | None]
    sex: str
    face_seed: int
    finger_seed: int
    languages: tuple[str, ...]
    party: str = ""
    document_code: str = "P"
    issuing_state: str = "UTO"
    nationality: str = "UTO"
    valid_years: int = 5
    optional_data: tuple[str, ...] = ()
    finger_condition: Condition = Condition.GOOD  # what his finger is like on an ordinary day

    def face(self) -> Identity:
        """What the camera sees."""
        return Identity.of(self.face_seed, self.age_years)

    def lines(self, today: date) -> tuple[str, ...]:
        """The machine readable zone of the document, every check digit right."""
        holder = Holder(
            primary_identifier=self.primary_identifier,
            secondary_identifier=self.secondary_identifier,
            document_number=self.document_number,
            date_of_birth=self._birth(today),
            date_of_expiry=_printed(today.year + self.valid_years, today.month, min(today.day, 28)),
            nationality=self.nationality,
            issuing_state=self.issuing_state,
            document_code=self.document_code,
            sex=self.sex,
            optional_data=self.optional_data,
        )
        return write(self.format, holder)

    def _birth(self, today: date) -> str:
        month, day = self.birthday
        had_it = (today.month, today.day) >= (month, day or 1)
        return _printed(today.year - self.age_years - (not had_it), month, day)


def _printed(year: int, month: int, day: int | None) -> str:
    return f"{year % 100:02d}{month:02d}" + ("<<" if day is None else f"{day:02d}")


_YACHT = "yacht Kestrel Two"
_FAMILY = "ferry family"
_COASTER = "coaster Marigalante"

TRAVELLERS: tuple[Traveller, ...] = (
    Traveller(
        key="skipper",
        name="Ansgar Tolvik Brandt",
        story="Skipper of a yacht at anchor; first to cross, brings the crew list.",
        format=Format.TD3,
        primary_identifier="TOLVIK BRANDT",
        secondary_identifier="ANSGAR",
        document_number="U40281735",
        age_years=55,
        birthday=(4, 17),
        sex="M",
        face_seed=11,
        finger_seed=101,
        languages=("en", "fr"),
        party=_YACHT,
    ),
    Traveller(
        key="deckhand",
        name="Sidonie Delorme Vasquin",
        story="Deckhand of the same yacht; speaks French and is quickly done.",
        format=Format.TD3,
        primary_identifier="DELORME VASQUIN",
        secondary_identifier="SIDONIE",
        document_number="U51937264",
        age_years=34,
        birthday=(9, 2),
        sex="F",
        face_seed=28,
        finger_seed=102,
        languages=("fr", "en"),
        party=_YACHT,
    ),
    Traveller(
        key="mother",
        name="Mirlande Bellerose",
        story="Comes by ferry with her two children and her mother-in-law.",
        format=Format.TD3,
        primary_identifier="BELLEROSE",
        secondary_identifier="MIRLANDE",
        document_number="U73015582",
        age_years=38,
        birthday=(1, 23),
        sex="F",
        face_seed=36,
        finger_seed=103,
        languages=("ht", "fr"),
        party=_FAMILY,
    ),
    Traveller(
        key="son",
        name="Widler Bellerose",
        story="Fifteen, a minor: an officer sees him with his mother.",
        format=Format.TD3,
        primary_identifier="BELLEROSE",
        secondary_identifier="WIDLER",
        document_number="U73015590",
        age_years=15,
        birthday=(6, 30),
        sex="M",
        face_seed=34,
        finger_seed=104,
        languages=("ht", "fr"),
        party=_FAMILY,
    ),
    Traveller(
        key="daughter",
        name="Naika Bellerose",
        story="Nine years old: nobody asks a child of nine for fingers.",
        format=Format.TD3,
        primary_identifier="BELLEROSE",
        secondary_identifier="NAIKA",
        document_number="U73015604",
        age_years=9,
        birthday=(11, 8),
        sex="F",
        face_seed=6,
        finger_seed=105,
        languages=("ht",),
        party=_FAMILY,
    ),
    Traveller(
        key="grandmother",
        name="Clercina Bellerose",
        story="Takes her time and hears badly; her fingertips are worn and dry.",
        format=Format.TD3,
        primary_identifier="BELLEROSE",
        secondary_identifier="CLERCINA",
        document_number="U20664913",
        age_years=73,
        birthday=(2, 11),
        sex="F",
        face_seed=26,
        finger_seed=106,
        finger_condition=Condition.DRY,
        languages=("ht",),
        party=_FAMILY,
    ),
    Traveller(
        key="bosun",
        name="Temba Okonde",
        story="Bosun of a coaster with a crew member's certificate instead of a passport.",
        format=Format.TD1,
        primary_identifier="OKONDE",
        secondary_identifier="TEMBA",
        document_number="C61180274",
        age_years=37,
        birthday=(8, 19),
        sex="M",
        face_seed=20,
        finger_seed=107,
        languages=("en", "fr"),
        party=_COASTER,
        document_code="AC",
    ),
    Traveller(
        key="cook",
        name="Plácido Arrizago Núñez",
        story="The coaster's cook; his name has letters that no machine readable zone can print.",
        format=Format.TD2,
        primary_identifier="ARRIZAGO NÚÑEZ",
        secondary_identifier="PLÁCIDO",
        document_number="C61180331",
        age_years=42,
        birthday=(12, 5),
        sex="M",
        face_seed=43,
        finger_seed=108,
        languages=("es", "en"),
        party=_COASTER,
    ),
    Traveller(
        key="stateless",
        name="Idris Nareva",
        story="Stateless, with a travel document of the 1954 convention: an officer meets him, kindly.",
        format=Format.TD3,
        primary_identifier="NAREVA",
        secondary_identifier="IDRIS",
        document_number="UT9042816",
        age_years=44,
        birthday=(3, 14),
        sex="M",
        face_seed=12,
        finger_seed=109,
        languages=("fr", "en"),
        nationality="XXA",
    ),
    Traveller(
        key="refugee",
        name="Taline Semirah",
        story="Refugee with a travel document of the 1951 convention: an officer meets her, kindly.",
        format=Format.TD3,
        primary_identifier="SEMIRAH",
        secondary_identifier="TALINE",
        document_number="UR5518302",
        age_years=28,
        birthday=(10, 27),
        sex="F",
        face_seed=33,
        finger_seed=110,
        languages=("es", "en"),
        nationality="XXB",
    ),
    Traveller(
        key="expired",
        name="Ethan Quillory",
        story="His passport ran out a year ago and he has not noticed.",
        format=Format.TD3,
        primary_identifier="QUILLORY",
        secondary_identifier="ETHAN",
        document_number="U18830296",
        age_years=48,
        birthday=(7, 7),
        sex="M",
        face_seed=47,
        finger_seed=111,
        languages=("en",),
        valid_years=-1,
    ),
    Traveller(
        key="listed",
        name="Desmond Varnock",
        story="His name and birth date stand on the practice watchlist; his screen must look like any other.",
        format=Format.TD3,
        primary_identifier="VARNOCK",
        secondary_identifier="DESMOND",
        document_number="U66102947",
        age_years=43,
        birthday=(5, 21),
        sex="M",
        face_seed=14,
        finger_seed=112,
        languages=("en", "es"),
    ),
    Traveller(
        key="long_number",
        name="Eloise Lindqvarn",
        story="Her identity card has a number of fourteen characters, printed over into the optional data.",
        format=Format.TD1,
        primary_identifier="LINDQVARN",
        secondary_identifier="ELOISE",
        document_number="UTN40081275519",
        age_years=31,
        birthday=(4, 3),
        sex="F",
        face_seed=42,
        finger_seed=113,
        languages=("en", "fr"),
        document_code="I",
    ),
    Traveller(
        key="double_surname",
        name="María Esperanza Guadalupe de los Montes y Villarejo-Altamirano",
        story="Her two surnames fill the line; her given names are cut off.",
        format=Format.TD3,
        primary_identifier="DE LOS MONTES Y VILLAREJO-ALTAMIRANO",
        secondary_identifier="MARÍA ESPERANZA GUADALUPE",
        document_number="U90417738",
        age_years=35,
        birthday=(8, 30),
        sex="F",
        face_seed=18,
        finger_seed=114,
        languages=("es",),
    ),
    Traveller(
        key="unknown_birth_day",
        name="Eustace Thornebay",
        story="Nobody wrote down the day he was born; the document knows the month only.",
        format=Format.TD3,
        primary_identifier="THORNEBAY",
        secondary_identifier="EUSTACE",
        document_number="U05529160",
        age_years=68,
        birthday=(3, None),
        sex="M",
        face_seed=30,
        finger_seed=115,
        languages=("en",),
    ),
    Traveller(
        key="caricom",
        name="Kerwyn Joseph Lavendel",
        story="A CARICOM citizen from the next island: six months by right.",
        format=Format.TD3,
        primary_identifier="JOSEPH LAVENDEL",
        secondary_identifier="KERWYN",
        document_number="R04471926",
        age_years=27,
        birthday=(12, 19),
        sex="X",
        face_seed=41,
        finger_seed=116,
        languages=("en", "fr"),
        issuing_state="LCA",
        nationality="LCA",
    ),
)

WATCHED = "listed"
"""The key of the traveller whom practice mode puts on its watchlist."""


def traveller(key: str) -> Traveller:
    """Raises `KeyError` for a key nobody has."""
    return {one.key: one for one in TRAVELLERS}[key]
