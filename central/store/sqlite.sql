-- The centre's tables in SQLite. Times are milliseconds since 1970 UTC. Nothing is ever updated but the columns
-- marked "moves"; nothing is deleted but slices of a part that proved wrong, nonces of the centre's once used,
-- and the oldest refusals of a lane that has very many.

CREATE TABLE IF NOT EXISTS centre (
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL                       -- moves: one more with every batch; pages watch it
);
INSERT OR IGNORE INTO centre VALUES (1, 0);

CREATE TABLE IF NOT EXISTS kiosks (
  kiosk TEXT PRIMARY KEY,
  last_seen_ms INTEGER NOT NULL,                 -- moves: last message that the broker did not merely retain
  port TEXT NOT NULL,                            -- moves with the state
  state BLOB,                                    -- moves: the newest signed StateReport as it came
  state_received_ms INTEGER NOT NULL,
  online INTEGER NOT NULL,                       -- moves: 0 by the last will, 1 by the next report
  state_boot TEXT NOT NULL,
  state_monotonic_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS records (
  arrival INTEGER PRIMARY KEY,                   -- order of commit
  id TEXT NOT NULL UNIQUE,
  kiosk TEXT NOT NULL,
  seq INTEGER NOT NULL,
  kind TEXT NOT NULL,
  encounter TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  previous BLOB NOT NULL,
  digest BLOB NOT NULL,
  head BLOB NOT NULL,                            -- SHA-256(previous || digest)
  received_ms INTEGER NOT NULL,
  complete INTEGER NOT NULL,                     -- moves 0 -> 1 every part is here and was opened, or 0 -> 2 one cannot be
  touched_ms INTEGER NOT NULL,                   -- moves: last header or slice of an incomplete record
  needed_ms INTEGER NOT NULL,                    -- moves: last time the missing slices were asked for
  payload BLOB NOT NULL,                         -- the signed, sealed header exactly as it came
  UNIQUE (kiosk, seq)
);
CREATE INDEX IF NOT EXISTS records_encounter ON records (encounter);
CREATE INDEX IF NOT EXISTS records_incomplete ON records (kiosk, seq) WHERE complete = 0;

CREATE TABLE IF NOT EXISTS spans (               -- which sequence numbers are here, as closed intervals
  kiosk TEXT NOT NULL,
  first INTEGER NOT NULL,
  last INTEGER NOT NULL,
  PRIMARY KEY (kiosk, first)
);

CREATE TABLE IF NOT EXISTS facts (
  record TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  encounter TEXT NOT NULL,
  kiosk TEXT NOT NULL,
  kind TEXT NOT NULL,
  author TEXT NOT NULL,
  signed BLOB NOT NULL,
  PRIMARY KEY (record, ordinal)
);
CREATE INDEX IF NOT EXISTS facts_encounter ON facts (encounter);

CREATE TABLE IF NOT EXISTS encounters (          -- what a list shows of the facts
  encounter TEXT PRIMARY KEY,
  arrival INTEGER NOT NULL,
  kiosk TEXT NOT NULL,
  seq INTEGER NOT NULL,
  direction TEXT NOT NULL,
  name TEXT NOT NULL,
  document_number TEXT NOT NULL,
  issuing_state TEXT NOT NULL,
  nationality TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reasons TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  clock TEXT NOT NULL,
  received_ms INTEGER NOT NULL
);
CREATE INDEX IF NOT EXISTS encounters_arrival ON encounters (arrival);
CREATE INDEX IF NOT EXISTS encounters_document ON encounters (document_number);

CREATE TABLE IF NOT EXISTS decisions (
  record TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  encounter TEXT NOT NULL,
  author TEXT NOT NULL,
  outcome TEXT NOT NULL,
  reason TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (record, ordinal)
);
CREATE INDEX IF NOT EXISTS decisions_encounter ON decisions (encounter);

CREATE TABLE IF NOT EXISTS parts (
  record TEXT NOT NULL,
  ordinal INTEGER NOT NULL,
  kiosk TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  kind TEXT NOT NULL,
  media_type TEXT NOT NULL,
  sample_sha256 TEXT NOT NULL,
  size INTEGER NOT NULL,
  slices INTEGER NOT NULL,
  verified INTEGER NOT NULL,                     -- moves 0 -> 1: both digests agree
  PRIMARY KEY (record, ordinal)
);
CREATE INDEX IF NOT EXISTS parts_sha256 ON parts (kiosk, sha256);

CREATE TABLE IF NOT EXISTS slices (
  kiosk TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  position INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  data BLOB NOT NULL,
  PRIMARY KEY (kiosk, sha256, position)
);

CREATE TABLE IF NOT EXISTS receipts (            -- what was said, and how often
  kiosk TEXT NOT NULL,
  id TEXT NOT NULL,
  status TEXT NOT NULL,
  reason TEXT NOT NULL,
  digest BLOB NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  times INTEGER NOT NULL,
  PRIMARY KEY (kiosk, id, status, digest)
);

CREATE TABLE IF NOT EXISTS dead_letters (
  number INTEGER PRIMARY KEY,
  topic TEXT NOT NULL,
  reason TEXT NOT NULL,
  kiosk TEXT NOT NULL,                           -- as the topic claims
  digest BLOB NOT NULL,
  size INTEGER NOT NULL,
  payload BLOB NOT NULL,                         -- the first 64 KB
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,
  times INTEGER NOT NULL,
  UNIQUE (topic, digest, reason)
);

CREATE TABLE IF NOT EXISTS alarms (
  kiosk TEXT NOT NULL,
  id TEXT NOT NULL,
  source TEXT NOT NULL,                          -- kiosk | centre
  kind TEXT NOT NULL,
  detail TEXT NOT NULL,
  record TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (kiosk, id)
);
CREATE INDEX IF NOT EXISTS alarms_received ON alarms (received_ms);

CREATE TABLE IF NOT EXISTS updates (             -- one row for each step of each update, as the kiosk's client took it
  kiosk TEXT NOT NULL,
  id TEXT NOT NULL,                              -- from kiosk, transaction and phase
  txn TEXT NOT NULL,
  role TEXT NOT NULL,
  phase TEXT NOT NULL,
  version TEXT NOT NULL,
  sha256 TEXT NOT NULL,
  attempt INTEGER NOT NULL,
  reason TEXT NOT NULL,
  source TEXT NOT NULL,                          -- net | usb
  slot TEXT NOT NULL,
  boot_id TEXT NOT NULL,
  happened_s INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  PRIMARY KEY (kiosk, id)
);

CREATE TABLE IF NOT EXISTS chain_flags (         -- `previous` of this record is not the head before it
  kiosk TEXT NOT NULL,
  seq INTEGER NOT NULL,
  expected BLOB NOT NULL,
  found BLOB NOT NULL,
  noticed_ms INTEGER NOT NULL,
  PRIMARY KEY (kiosk, seq)
);

CREATE TABLE IF NOT EXISTS consumer_positions (
  name TEXT PRIMARY KEY,
  arrival INTEGER NOT NULL                       -- moves: the last record this consumer has dealt with
);

CREATE TABLE IF NOT EXISTS enrolment (           -- one row: what others watch
  one INTEGER PRIMARY KEY CHECK (one = 1),
  version INTEGER NOT NULL                       -- moves: with every change of a lane's keys
);
INSERT OR IGNORE INTO enrolment VALUES (1, 0);

CREATE TABLE IF NOT EXISTS ports (
  port TEXT PRIMARY KEY,
  configuration TEXT NOT NULL                    -- moves: TOML for each of its lanes
);

CREATE TABLE IF NOT EXISTS vouchers (
  serial TEXT PRIMARY KEY,
  port TEXT NOT NULL,
  voucher BLOB NOT NULL,                         -- the encoded SiteVoucher: what is signed
  made_ms INTEGER NOT NULL,
  withdrawn_ms INTEGER NOT NULL                  -- moves once; 0: it counts
);

CREATE TABLE IF NOT EXISTS voucher_signatures (
  serial TEXT NOT NULL,
  signer TEXT NOT NULL,
  signature BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (serial, signer)
);

CREATE TABLE IF NOT EXISTS voucher_uses (
  serial TEXT NOT NULL,
  board TEXT NOT NULL,
  kiosk TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (serial, board)
);

CREATE TABLE IF NOT EXISTS lanes (
  kiosk TEXT PRIMARY KEY,
  port TEXT NOT NULL,
  state TEXT NOT NULL,                           -- moves: expected, enrolled, commissioned, moved, retired
  since_ms INTEGER NOT NULL                      -- moves with it
);

CREATE TABLE IF NOT EXISTS identities (          -- every board and key that was this lane
  kiosk TEXT NOT NULL,
  generation INTEGER NOT NULL,
  board TEXT NOT NULL,
  model TEXT NOT NULL,
  ek TEXT NOT NULL,
  devices TEXT NOT NULL,
  public_key BLOB NOT NULL,                      -- SubjectPublicKeyInfo
  mark TEXT NOT NULL,
  from_ms INTEGER NOT NULL,
  until_ms INTEGER NOT NULL,                     -- moves once; 0: in force
  last_seq INTEGER NOT NULL,                     -- moves with it: the newest record that this key may have signed
  storage_lost INTEGER NOT NULL,                 -- moves with it: 1: numbers up to last_seq may never come
  ended TEXT NOT NULL,                           -- moves with it: why
  PRIMARY KEY (kiosk, generation)
);
CREATE INDEX IF NOT EXISTS identities_board ON identities (board);
CREATE INDEX IF NOT EXISTS identities_key ON identities (public_key);

CREATE TABLE IF NOT EXISTS certificates (
  serial TEXT PRIMARY KEY,                       -- hex
  kiosk TEXT NOT NULL,
  generation INTEGER NOT NULL,
  usage TEXT NOT NULL,                           -- identity | tls | eviction
  not_before_ms INTEGER NOT NULL,
  not_after_ms INTEGER NOT NULL,
  der BLOB NOT NULL,
  revoked_ms INTEGER NOT NULL,                   -- moves once; 0: counts
  reason TEXT NOT NULL                           -- moves with it
);
CREATE INDEX IF NOT EXISTS certificates_kiosk ON certificates (kiosk, generation);

CREATE TABLE IF NOT EXISTS enrolment_requests (  -- each is dealt with once
  nonce BLOB PRIMARY KEY,
  digest BLOB NOT NULL UNIQUE,
  kiosk TEXT NOT NULL,
  purpose TEXT NOT NULL,
  request BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  secret BLOB NOT NULL,                          -- of the challenge; empty: none was wanted
  until_ms INTEGER NOT NULL,                     -- how long the challenge may be answered
  settled_ms INTEGER NOT NULL                    -- moves once; 0: waits for its proof
);

CREATE TABLE IF NOT EXISTS centre_nonces (
  nonce BLOB PRIMARY KEY,
  until_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS lane_events (
  number INTEGER PRIMARY KEY,
  kiosk TEXT NOT NULL,
  at_ms INTEGER NOT NULL,
  what TEXT NOT NULL,
  who TEXT NOT NULL,
  detail TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS lane_events_kiosk ON lane_events (kiosk);

CREATE TABLE IF NOT EXISTS enrolment_refusals (
  kiosk TEXT NOT NULL,
  board TEXT NOT NULL,
  reason TEXT NOT NULL,
  detail TEXT NOT NULL,
  first_ms INTEGER NOT NULL,
  last_ms INTEGER NOT NULL,                      -- moves
  times INTEGER NOT NULL,                        -- moves
  PRIMARY KEY (kiosk, board, reason)
);

CREATE TABLE IF NOT EXISTS sheets (
  digest BLOB PRIMARY KEY,
  kiosk TEXT NOT NULL,
  generation INTEGER NOT NULL,
  commissioned INTEGER NOT NULL,
  received_ms INTEGER NOT NULL,
  sheet BLOB NOT NULL                            -- as it was signed
);

CREATE TABLE IF NOT EXISTS disk_requests (       -- of locked disks; each waits for two custodians
  digest BLOB PRIMARY KEY,
  kiosk TEXT NOT NULL,
  request BLOB NOT NULL,                         -- as it was signed
  at_ms INTEGER NOT NULL
);

CREATE TABLE IF NOT EXISTS disk_parts (          -- what custodians released: of this disk, to this TPM alone
  locked BLOB NOT NULL,                          -- SHA-256 of what the disk's header says
  tpm BLOB NOT NULL,                             -- the name of its attestation key
  number INTEGER NOT NULL,
  custodian TEXT NOT NULL,
  credential BLOB NOT NULL,                      -- empty: the part cannot be opened
  secret BLOB NOT NULL,
  at_ms INTEGER NOT NULL,
  PRIMARY KEY (locked, tpm, number)
);
