"""Where a device asks, at the voucher's `centre_url`. The first three are EST's (RFC 7030), in its wire form."""

from __future__ import annotations

CACERTS = "/.well-known/est/cacerts"
SIMPLE_ENROLL = "/.well-known/est/simpleenroll"
SIMPLE_REENROLL = "/.well-known/est/simplereenroll"

NONCE = "/enrolment/nonce"  # POST, empty: 32 bytes for `centre_nonce`, good for one request
REQUEST = "/enrolment/request"  # POST a signed EnrolmentRequest: a signed Challenge, EnrolmentAnswer, EnrolmentRefused
PROOF = "/enrolment/proof"  # POST a signed ChallengeProof: a signed EnrolmentAnswer or EnrolmentRefused
SHEET = "/enrolment/sheet"  # POST a signed CommissioningSheet: a signed SheetReceipt or EnrolmentRefused
CRL = "/enrolment/crl"  # GET: DER

CBOR = "application/cbor"
PKCS7 = "application/pkcs7-mime; smime-type=certs-only"
PKCS10 = "application/pkcs10"
PKIX_CRL = "application/pkix-crl"
