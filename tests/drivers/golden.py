"""Bytes as the data sheets give them, written out by hand: both ends of every wire are held to these."""

from __future__ import annotations

PASSPORT = (  # the specimen of ICAO Doc 9303-4
    "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<",
    "L898902C36UTO7408122F1204159ZE184226B<<<<<10",
)
IDENTITY_CARD = (  # the specimen of ICAO Doc 9303-5
    "I<UTOD231458907<<<<<<<<<<<<<<<",
    "7408122F1204159UTO<<<<<<<<<<<6",
    "ERIKSSON<<ANNA<MARIA<<<<<<<<<<",
)
TD2_CARD = (  # the specimen of ICAO Doc 9303-6
    "I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<",
    "D231458907UTO7408122F1204159<<<<<<<6",
)

# ZFM-20 / R30x / R503: EF01, address FFFFFFFF, kind, length, payload, sum
ZFM_VFY_PWD = bytes.fromhex("EF01 FFFFFFFF 01 0007 13 00000000 001B")
ZFM_GEN_IMG = bytes.fromhex("EF01 FFFFFFFF 01 0003 01 0005")
ZFM_UP_IMAGE = bytes.fromhex("EF01 FFFFFFFF 01 0003 0A 000E")
ZFM_READ_SYS_PARA = bytes.fromhex("EF01 FFFFFFFF 01 0003 0F 0013")
ZFM_BAUD_115200 = bytes.fromhex("EF01 FFFFFFFF 01 0005 0E 040C 0024")
ZFM_RING_BREATHES_BLUE = bytes.fromhex("EF01 FFFFFFFF 01 0007 35 01640200 00A4")
ZFM_OK = bytes.fromhex("EF01 FFFFFFFF 07 0003 00 000A")
ZFM_NO_FINGER = bytes.fromhex("EF01 FFFFFFFF 07 0003 02 000C")
ZFM_PACKET_ERROR = bytes.fromhex("EF01 FFFFFFFF 07 0003 01 000B")
ZFM_WRONG_PASSWORD = bytes.fromhex("EF01 FFFFFFFF 07 0003 13 001D")
ZFM_PARAMETERS = bytes.fromhex("EF01 FFFFFFFF 07 0013 00 0000 0009 03E8 0003 FFFFFFFF 0002 0006 0515")
ZFM_DATA = bytes.fromhex("EF01 FFFFFFFF 02 0006 12345678 011C")
ZFM_LAST_DATA = bytes.fromhex("EF01 FFFFFFFF 08 0004 FEDC 01E6")
ZFM_LARGEST_DATA = bytes.fromhex("EF01 FFFFFFFF 02 0102") + b"\xff" * 256 + bytes.fromhex("FF05")

# Elyctis ID BOX: letter, length (2), data
ELYCTIS_ASK_VERSION = bytes.fromhex("56 0000")
ELYCTIS_VERSION = bytes.fromhex("56 0005 76312E3233")  # v1.23
ELYCTIS_INQUIRE = bytes.fromhex("49 0000")
ELYCTIS_NOTHING = bytes.fromhex("49 0000")
ELYCTIS_SPEAK_BY_YOURSELF = bytes.fromhex("43 0001 01")
ELYCTIS_PASSPORT = bytes.fromhex("49 005A") + f"{PASSPORT[0]}\r{PASSPORT[1]}\r".encode()

# RTE-native: SOH, length (2, low byte first), 'O' 'U', STX, flag, three lines each with CR, ETX, XOR
RTE_PASSPORT = (
    bytes.fromhex("01 6100 4F55 02 00 0D") + f"{PASSPORT[0]}\r{PASSPORT[1]}\r".encode() + bytes.fromhex("03 7C")
)
RTE_IDENTITY_CARD = (
    bytes.fromhex("01 6300 4F55 02 00")
    + f"{IDENTITY_CARD[0]}\r{IDENTITY_CARD[1]}\r{IDENTITY_CARD[2]}\r".encode()
    + bytes.fromhex("03 7D")
)

# plain lines
LINES_PASSPORT = f"{PASSPORT[0]}\r\n{PASSPORT[1]}\r\n".encode()
LINES_IN_MARKS = b"\x02" + f"{PASSPORT[0]}\r{PASSPORT[1]}\r".encode() + b"\x03"

# motion JPEG: two pictures as an IP camera sends them. Their insides are marks and filler, not decodable
JPEG_ONE = b"\xff\xd8 one: \x00\x01\r\n\r\n--almost \xff\xd9"
JPEG_TWO = b"\xff\xd8 two, which is a little longer than one \xff\xd9"
MJPEG_HEAD = b"HTTP/1.0 200 OK\r\nServer: camera\r\nContent-Type: multipart/x-mixed-replace; boundary=eye\r\n\r\n"
MJPEG_PART_ONE = b"--eye\r\nContent-Type: image/jpeg\r\nContent-Length: 25\r\n\r\n" + JPEG_ONE + b"\r\n"
MJPEG_PART_TWO = b"--eye\r\nContent-Type: image/jpeg\r\ncontent-length:44\r\n\r\n" + JPEG_TWO + b"\r\n"
MJPEG_WITH_LENGTHS = MJPEG_HEAD + MJPEG_PART_ONE + MJPEG_PART_TWO
MJPEG_WITHOUT_LENGTHS = (
    b'HTTP/1.1 200 OK\r\ncontent-type: multipart/x-mixed-replace;boundary="eye"\r\n\r\n'
    b"--eye\r\nContent-Type: image/jpeg\r\n\r\n" + JPEG_ONE + b"\r\n--eye\r\n\r\n" + JPEG_TWO + b"\r\n--eye"
)
MJPEG_DASHED = (
    b"HTTP/1.0 200 OK\r\nContent-Type: multipart/x-mixed-replace; boundary=--eye\r\n\r\n"
    b"--eye\r\nContent-Length: 25\r\n\r\n"
    + JPEG_ONE
    + b"\r\n----eye\r\nContent-Length: 44\r\n\r\n"
    + JPEG_TWO
    + b"\r\n"
)

# lane board: COBS of (version, kind, sequence, payload, CRC-16/IBM-3740), then 00
LANE_GO_FOR_FIVE_SECONDS = bytes.fromhex("09 01 02 07 02 1388 76DE 00")
LANE_FIRST_BEAT = bytes.fromhex("03 0103 01 01 01 01 03 874F 00")
LANE_GO_OBEYED = bytes.fromhex("04 018207 0C ABCD0201FE FFFFFFFF E52B 00")
