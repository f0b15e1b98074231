// The tables of a store, and the numbers by which a file is known as one. A store is an SQLite file; it holds any number
// of programs and runs. Everything that is read back is checked: histories and pages against hashes, the rest against
// the digest beside it, since SQLite itself does not notice a changed byte.

/** SQLite's application_id of a store: "OMO1". */
export const APPLICATION_ID = 0x4f4d4f31;
/** SQLite's user_version of a store: the version of this schema and of what the blobs in it mean. */
export const STORE_VERSION = 1;

/** Column `window` of the sparse history of a run: no window has this index. */
export const SPARSE_WINDOW = -1;

/** The statements that make an empty store, in order. */
export const SCHEMA: readonly string[] = [
  // Who writes, or wrote last: for the message to whoever finds the store locked. The lock itself is not here.
  `CREATE TABLE writer (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    owner TEXT NOT NULL
  ) STRICT`,

  // A program with its arguments and environment, by the state hash before its first step with all inputs zero.
  `CREATE TABLE programs (
    id INTEGER PRIMARY KEY,
    root BLOB NOT NULL UNIQUE CHECK (length(root) = 32),
    elf_hash BLOB NOT NULL CHECK (length(elf_hash) = 32), -- keccak256 of the file
    arguments TEXT NOT NULL, -- JSON: array of strings, argv[1] and on
    environment TEXT NOT NULL, -- JSON: array of strings NAME=value
    digest BLOB NOT NULL CHECK (length(digest) = 32)
  ) STRICT`,

  // A run: one program on one set of inputs by one version of the machine. fault is '' or says where it lies on purpose;
  // origin is '' for what was executed here, the history root for a trace that somebody else made.
  `CREATE TABLE runs (
    id INTEGER PRIMARY KEY,
    program INTEGER NOT NULL REFERENCES programs (id),
    inputs_hash BLOB NOT NULL CHECK (length(inputs_hash) = 32),
    machine_version INTEGER NOT NULL,
    fault TEXT NOT NULL,
    origin TEXT NOT NULL,
    start_hash BLOB NOT NULL CHECK (length(start_hash) = 32), -- state hash before the first step
    invocation TEXT NOT NULL, -- JSON: array of strings, what to give \`omo trace\` to make this run
    digest BLOB NOT NULL CHECK (length(digest) = 32),
    UNIQUE (program, inputs_hash, machine_version, fault, origin)
  ) STRICT`,

  // How far a run is committed: its history is a whole one at every position, the tail repeated virtually.
  `CREATE TABLE progress (
    run INTEGER PRIMARY KEY REFERENCES runs (id),
    position INTEGER NOT NULL, -- steps
    ended INTEGER NOT NULL CHECK (ended IN (0, 1)), -- 1: nothing changes after position
    digest BLOB NOT NULL CHECK (length(digest) = 32)
  ) STRICT`,

  // The history of a run at stride 2^20 (window -1), and at stride 1 in one window each.
  `CREATE TABLE histories (
    id INTEGER PRIMARY KEY,
    run INTEGER NOT NULL REFERENCES runs (id),
    window INTEGER NOT NULL,
    leaf_count INTEGER NOT NULL,
    root BLOB NOT NULL CHECK (length(root) = 32),
    UNIQUE (run, window)
  ) STRICT`,

  // Rows of 256 nodes at levels 0, 8, 16, packed: 8,192 bytes, the last of a level shorter. Checked up to the root.
  `CREATE TABLE history_rows (
    id INTEGER PRIMARY KEY,
    history INTEGER NOT NULL REFERENCES histories (id) ON DELETE CASCADE,
    level INTEGER NOT NULL,
    row INTEGER NOT NULL,
    nodes BLOB NOT NULL,
    UNIQUE (history, level, row)
  ) STRICT`,

  // Contents of memory pages, shared by all snapshots of all runs. hash is the page's node in the memory tree (height 7).
  `CREATE TABLE pages (
    id INTEGER PRIMARY KEY,
    hash BLOB NOT NULL UNIQUE CHECK (length(hash) = 32),
    bytes BLOB NOT NULL -- 4,096 bytes as they are, or fewer: compressed by zstd
  ) STRICT`,

  // Points from which a run goes on. record is the state without memory, with all hashes filled in: it is
  // checked against the commitment at that step, and the pages against its memory root.
  `CREATE TABLE snapshots (
    run INTEGER NOT NULL REFERENCES runs (id),
    step INTEGER NOT NULL,
    record BLOB NOT NULL,
    PRIMARY KEY (run, step)
  ) STRICT`,

  // What a page holds from a snapshot on: only pages that changed since the snapshot before are listed.
  `CREATE TABLE snapshot_pages (
    run INTEGER NOT NULL,
    page INTEGER NOT NULL,
    step INTEGER NOT NULL,
    content INTEGER NOT NULL REFERENCES pages (id),
    PRIMARY KEY (run, page, step),
    FOREIGN KEY (run, step) REFERENCES snapshots (run, step)
  ) STRICT, WITHOUT ROWID`,

  // What the player of a game saw, decided and sent, in order: written durably before anything is sent.
  `CREATE TABLE journal (
    id INTEGER PRIMARY KEY,
    game TEXT NOT NULL,
    kind TEXT NOT NULL,
    body TEXT NOT NULL, -- JSON
    digest BLOB NOT NULL CHECK (length(digest) = 32)
  ) STRICT`,
];
