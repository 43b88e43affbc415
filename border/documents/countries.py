"""The codes a zone prints for states and for those who have none (Doc 9303-3, section 5)."""

from __future__ import annotations

from enum import StrEnum


class CodeKind(StrEnum):
    STATE = "state"
    STATELESS = "stateless"  # 1954 Convention
    REFUGEE = "refugee"  # 1951 Convention, and others
    UNSPECIFIED = "unspecified"
    ORGANISATION = "organisation"
    SPECIMEN = "specimen"  # Utopia: never a travel document
    UNKNOWN = "unknown"


def _listed(codes: str) -> tuple[str, ...]:
    return tuple(codes.split())


def _codes(listed: str) -> frozenset[str]:
    return frozenset(_listed(listed))


# ISO 3166-1 alpha-3.
ISO_3166 = _codes(
    "ABW AFG AGO AIA ALA ALB AND ARE ARG ARM ASM ATA ATF ATG AUS AUT AZE BDI BEL BEN BES BFA BGD BGR BHR BHS "
    "BIH BLM BLR BLZ BMU BOL BRA BRB BRN BTN BVT BWA CAF CAN CCK CHE CHL CHN CIV CMR COD COG COK COL COM CPV "
    "CRI CUB CUW CXR CYM CYP CZE DEU DJI DMA DNK DOM DZA ECU EGY ERI ESH ESP EST ETH FIN FJI FLK FRA FRO FSM "
    "GAB GBR GEO GGY GHA GIB GIN GLP GMB GNB GNQ GRC GRD GRL GTM GUF GUM GUY HKG HMD HND HRV HTI HUN IDN IMN "
    "IND IOT IRL IRN IRQ ISL ISR ITA JAM JEY JOR JPN KAZ KEN KGZ KHM KIR KNA KOR KWT LAO LBN LBR LBY LCA LIE "
    "LKA LSO LTU LUX LVA MAC MAF MAR MCO MDA MDG MDV MEX MHL MKD MLI MLT MMR MNE MNG MNP MOZ MRT MSR MTQ MUS "
    "MWI MYS MYT NAM NCL NER NFK NGA NIC NIU NLD NOR NPL NRU NZL OMN PAK PAN PCN PER PHL PLW PNG POL PRI PRK "
    "PRT PRY PSE PYF QAT REU ROU RUS RWA SAU SDN SEN SGP SGS SHN SJM SLB SLE SLV SMR SOM SPM SRB SSD STP SUR "
    "SVK SVN SWE SWZ SXM SYC SYR TCA TCD TGO THA TJK TKL TKM TLS TON TTO TUN TUR TUV TWN TZA UGA UKR UMI URY "
    "USA UZB VAT VCT VEN VGB VIR VNM VUT WLF WSM YEM ZAF ZMB ZWE"
)

# ISO 3166-1 alpha-2, in the order of the alpha-3 codes: the names in certificates.
_ALPHA_2 = _listed(
    "AW AF AO AI AX AL AD AE AR AM AS AQ TF AG AU AT AZ BI BE BJ BQ BF BD BG BH BS BA BL BY BZ BM BO BR BB BN BT "
    "BV BW CF CA CC CH CL CN CI CM CD CG CK CO KM CV CR CU CW CX KY CY CZ DE DJ DM DK DO DZ EC EG ER EH ES EE ET "
    "FI FJ FK FR FO FM GA GB GE GG GH GI GN GP GM GW GQ GR GD GL GT GF GU GY HK HM HN HR HT HU ID IM IN IO IE IR "
    "IQ IS IL IT JM JE JO JP KZ KE KG KH KI KN KR KW LA LB LR LY LC LI LK LS LT LU LV MO MF MA MC MD MG MV MX MH "
    "MK ML MT MM ME MN MP MZ MR MS MQ MU MW MY YT NA NC NE NF NG NI NU NL NO NP NR NZ OM PK PA PN PE PH PW PG PL "
    "PR KP PT PY PS PF QA RE RO RU RW SA SD SN SG GS SH SJ SB SL SV SM SO PM RS SS ST SR SK SI SE SZ SX SC SY TC "
    "TD TG TH TJ TK TM TL TO TT TN TR TV TW TZ UG UA UM UY US UZ VA VC VE VG VI VN VU WF WS YE ZA ZM ZW"
)

# Codes that documents print beside or instead of the alpha-3 one, by the alpha-2 code of who signs them.
_ALSO: dict[str, str] = {
    "DE": "D",
    "GB": "GBD GBN GBO GBP GBS GGY IMN JEY",
    "CN": "HKG MAC",
    "EU": "EUE",
    "UN": "UNO UNA",
    "ZZ": "UNO UNA",  # before there was UN
    "KS": "RKS",
    "XK": "RKS",
    "XO": "XOM",
    "UT": "UTO",
}

# Section 5, parts A to H in their order, without the withdrawn codes (ANT, NTZ): no such document is valid.
SPECIAL: dict[str, CodeKind] = {
    "D": CodeKind.STATE,  # Germany prints one letter
    "GBD": CodeKind.STATE,  # British overseas territories citizen: Anguilla, Montserrat and others travel on it
    "GBN": CodeKind.STATE,
    "GBO": CodeKind.STATE,
    "GBP": CodeKind.STATE,
    "GBS": CodeKind.STATE,
    "RKS": CodeKind.STATE,  # Kosovo
    "EUE": CodeKind.ORGANISATION,  # European Union laissez-passer
    "UNO": CodeKind.ORGANISATION,
    "UNA": CodeKind.ORGANISATION,  # specialised agencies
    "UNK": CodeKind.ORGANISATION,  # UN mission in Kosovo
    "XBA": CodeKind.ORGANISATION,  # African Development Bank
    "XIM": CodeKind.ORGANISATION,  # African Export-Import Bank
    "XCC": CodeKind.ORGANISATION,  # CARICOM
    "XCE": CodeKind.ORGANISATION,  # Council of Europe
    "XCO": CodeKind.ORGANISATION,  # COMESA
    "XEC": CodeKind.ORGANISATION,  # ECOWAS
    "XPO": CodeKind.ORGANISATION,  # INTERPOL
    "XES": CodeKind.ORGANISATION,  # OECS
    "XMP": CodeKind.ORGANISATION,  # Parliamentary Assembly of the Mediterranean
    "XOM": CodeKind.ORGANISATION,  # Sovereign Military Order of Malta
    "XDC": CodeKind.ORGANISATION,  # SADC
    "XXA": CodeKind.STATELESS,
    "XXB": CodeKind.REFUGEE,  # 1951 Convention
    "XXC": CodeKind.REFUGEE,  # other
    "XXX": CodeKind.UNSPECIFIED,
    "UTO": CodeKind.SPECIMEN,
    "IAO": CodeKind.ORGANISATION,  # ICAO, signs master lists
}

PROTECTION = frozenset({CodeKind.STATELESS, CodeKind.REFUGEE, CodeKind.UNSPECIFIED})

CARICOM_MEMBERS = _codes("ATG BHS BLZ BRB DMA GRD GUY HTI JAM KNA LCA MSR SUR TTO VCT")
CARICOM_ASSOCIATES = _codes("AIA BMU CUW CYM TCA VGB")
OECS_MEMBERS = _codes("ATG DMA GRD KNA LCA MSR VCT")
OECS_ASSOCIATES = _codes("AIA GLP MTQ VGB")


def kind_of(code: str) -> CodeKind:
    """What a code without its fillers stands for; UNKNOWN for anything no standard lists, never an error."""
    return SPECIAL.get(code, CodeKind.STATE if code in ISO_3166 else CodeKind.UNKNOWN)


def canonical(code: str) -> str:
    """The code as Doc 9303 prints it: other states print Germans as DEU in visas and residence permits."""
    return "D" if code == "DEU" else code


def codes_of_alpha_2(code: str) -> frozenset[str]:
    """What documents print for the state that a certificate names by two letters; empty for no state."""
    known = dict(zip(_ALPHA_2, sorted(ISO_3166), strict=True))
    also = _ALSO.get(code, "").split()
    return frozenset(map(canonical, (*also, *((known[code],) if code in known else ()))))
