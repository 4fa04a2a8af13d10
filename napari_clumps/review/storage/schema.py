"""The tables of a review file.

``log`` is the review: rows are only ever added. The others are a snapshot of the state
that the log describes, written in the same transaction, and the tally is a sum over it.
"""

from __future__ import annotations

from .records import DECIDED, Status

#: "CLMP", so that `file` and this program recognise a review by its first bytes.
APPLICATION_ID = 0x434C4D50

#: Raised when the tables change; an older program then refuses the file.
VERSION = 6

_STATUSES = [status.value for status in Status]
_COUNTERS = "".join(f", {name} INTEGER NOT NULL DEFAULT 0" for name in _STATUSES)

_TABLES = f"""
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;

CREATE TABLE log (
  seq INTEGER PRIMARY KEY,
  time TEXT NOT NULL,      -- ISO 8601, UTC
  annotator TEXT,
  kind TEXT NOT NULL,
  step INTEGER,            -- first seq of the undo step, or of the one undone
  cutout INTEGER,
  box INTEGER,
  before TEXT,             -- JSON
  after TEXT               -- JSON
);
CREATE INDEX log_by_cutout ON log (cutout);
CREATE TRIGGER log_keeps BEFORE DELETE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_stays BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;

CREATE TABLE steps (
  id INTEGER PRIMARY KEY,  -- its first seq in the log
  last INTEGER NOT NULL,
  cutout INTEGER NOT NULL,
  state TEXT NOT NULL      -- done, undone or dropped
);
CREATE INDEX steps_by_state ON steps (state, id);

CREATE TABLE cutouts (
  id INTEGER PRIMARY KEY,
  name TEXT NOT NULL,
  files TEXT NOT NULL,     -- JSON: [[path from the review's folder, absolute path]]
  bands TEXT NOT NULL,     -- JSON
  held_out INTEGER NOT NULL,
  done INTEGER NOT NULL DEFAULT 0,
  model TEXT,
  width INTEGER,
  height INTEGER,
  seen TEXT,               -- JSON: [[bytes, mtime in ns, SHA-256]] at first sight
  flags TEXT NOT NULL DEFAULT '[]',  -- JSON
  remark TEXT NOT NULL DEFAULT '',
  repeat_of INTEGER,       -- the cutout that this one repeats
  keys TEXT NOT NULL DEFAULT '[]',   -- JSON: what identifies the galaxy
  blind INTEGER NOT NULL DEFAULT 0,  -- marked before any model's boxes were shown
  tags TEXT NOT NULL DEFAULT '[]',   -- JSON
  interest INTEGER,                  -- 0 to 3, where the user said
  injected TEXT,           -- JSON: simulated clumps in the image, and its place
  withdrawn INTEGER NOT NULL DEFAULT 0,  -- injected, and not shown any more
  artefacts TEXT,          -- JSON: [[kind, reason, x1, y1, x2, y2]]
  verdicts TEXT NOT NULL DEFAULT '{{}}'  -- JSON: whether the user takes each kind
  {_COUNTERS}
);
CREATE INDEX cutouts_by_name ON cutouts (name);
CREATE INDEX cutouts_by_done ON cutouts (done, id);

CREATE TABLE boxes (
  id INTEGER PRIMARY KEY AUTOINCREMENT,
  cutout INTEGER NOT NULL,
  x1 REAL NOT NULL, y1 REAL NOT NULL, x2 REAL NOT NULL, y2 REAL NOT NULL,
  cls TEXT NOT NULL,
  status TEXT NOT NULL,
  origin TEXT NOT NULL,
  score REAL,
  model TEXT,
  annotator TEXT,
  time TEXT,
  proposed TEXT,           -- JSON: [x1, y1, x2, y2, cls]
  second REAL,
  opinions TEXT            -- JSON: [[annotator, time, status, x1, y1, x2, y2, cls]]
);
CREATE INDEX boxes_by_cutout ON boxes (cutout);
"""

# Unresolved disagreements are few, and are counted after every decision.
_UNSETTLED = """
CREATE INDEX boxes_unsettled ON boxes (cutout)
  WHERE status = 'proposal' AND opinions IS NOT NULL;
"""

# Injected clumps are in few cutouts, and are asked for at every count.
_INJECTED = """
CREATE INDEX cutouts_injected ON cutouts (id) WHERE injected IS NOT NULL;
"""

_GROUP = ("held_out", "done", "decided", "repeated")
_BIT = "(SELECT 0 AS n UNION SELECT 1)"

# Sixteen rows, so that every count is a sum of a few numbers.
_TALLY = f"""
CREATE TABLE tally (
  {", ".join(f"{name} INTEGER" for name in _GROUP)},
  cutouts INTEGER NOT NULL DEFAULT 0,
  detected INTEGER NOT NULL DEFAULT 0
  {_COUNTERS},
  PRIMARY KEY ({", ".join(_GROUP)})
) WITHOUT ROWID;
INSERT INTO tally ({", ".join(_GROUP)})
  SELECT {", ".join(f"{name}.n" for name in _GROUP)}
  FROM {", ".join(f"{_BIT} AS {name}" for name in _GROUP)};
"""


def _is(row: str, status: str) -> str:
    return f"({row}.status = '{status}')"


def _count_box(event: str, *terms: tuple[str, str]) -> str:
    """Return a trigger that keeps a cutout's counts of boxes by status."""
    row = terms[0][1]
    sums = ", ".join(
        f"{s} = {s} " + " ".join(f"{sign} {_is(r, s)}" for sign, r in terms)
        for s in _STATUSES
    )
    name = event.split()[0].lower()
    return (
        f"CREATE TRIGGER count_box_{name} AFTER {event} ON boxes BEGIN "
        f"UPDATE cutouts SET {sums} WHERE id = {row}.cutout; END;"
    )


def _move_tally(row: str, sign: str) -> str:
    """Return the statement that adds a cutout to its group, or takes it out."""
    decided = " + ".join(f"{row}.{s}" for s in DECIDED)
    sums = ", ".join(f"{s} = {s} {sign} {row}.{s}" for s in _STATUSES)
    return (
        f"UPDATE tally SET cutouts = cutouts {sign} 1, "
        f"detected = detected {sign} ({row}.model IS NOT NULL), {sums} "
        f"WHERE held_out = {row}.held_out AND done = {row}.done "
        f"AND decided = ({decided} > 0) "
        f"AND repeated = ({row}.repeat_of IS NOT NULL);"
    )


_TRIGGERS = "\n".join(
    [
        _count_box("INSERT", ("+", "NEW")),
        _count_box("DELETE", ("-", "OLD")),
        _count_box("UPDATE OF status", ("+", "NEW"), ("-", "OLD")),
        "CREATE TRIGGER tally_new AFTER INSERT ON cutouts BEGIN "
        f"{_move_tally('NEW', '+')} END;",
        "CREATE TRIGGER tally_move AFTER UPDATE OF "
        f"done, model, {', '.join(_STATUSES)} ON cutouts BEGIN "
        f"{_move_tally('OLD', '-')} {_move_tally('NEW', '+')} END;",
    ]
)

#: Makes an empty review.
SCRIPT = f"""
PRAGMA application_id = {APPLICATION_ID};
PRAGMA user_version = {VERSION};
{_TABLES}
{_UNSETTLED}
{_INJECTED}
{_TALLY}
{_TRIGGERS}
"""

_SUMS = ", ".join(f"coalesce(sum({status}), 0)" for status in _STATUSES)
_FILL = f"""
UPDATE tally SET (cutouts, detected, {", ".join(_STATUSES)}) = (
  SELECT count(*), count(model), {_SUMS} FROM cutouts
  WHERE held_out = tally.held_out AND done = tally.done
  AND ({" + ".join(DECIDED)} > 0) = tally.decided
) WHERE repeated = 0;
"""
_TRIGGER_NAMES = (
    "count_box_insert", "count_box_delete", "count_box_update", "tally_new",
    "tally_move",
)  # fmt: skip

#: Makes a review of format 2 of one of format 1, which had no flags, remarks, repeats,
#: second scores and opinions.
_FROM_FORMAT_1 = f"""
ALTER TABLE cutouts ADD COLUMN flags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE cutouts ADD COLUMN remark TEXT NOT NULL DEFAULT '';
ALTER TABLE cutouts ADD COLUMN repeat_of INTEGER;
ALTER TABLE boxes ADD COLUMN second REAL;
ALTER TABLE boxes ADD COLUMN opinions TEXT;
{_UNSETTLED}
{"".join(f"DROP TRIGGER {name};" for name in _TRIGGER_NAMES)}
DROP TABLE tally;
{_TALLY}
{_FILL}
{_TRIGGERS}
PRAGMA user_version = 2;
"""

#: Makes a review of format 3 of one of format 2, which knew no keys and nothing blind.
_FROM_FORMAT_2 = """
ALTER TABLE cutouts ADD COLUMN keys TEXT NOT NULL DEFAULT '[]';
ALTER TABLE cutouts ADD COLUMN blind INTEGER NOT NULL DEFAULT 0;
PRAGMA user_version = 3;
"""

#: Makes a review of format 4 of one of format 3, which had no tags and no interest.
_FROM_FORMAT_3 = """
ALTER TABLE cutouts ADD COLUMN tags TEXT NOT NULL DEFAULT '[]';
ALTER TABLE cutouts ADD COLUMN interest INTEGER;
PRAGMA user_version = 4;
"""

#: Makes a review of format 5 of one of format 4, which had no injected clumps.
_FROM_FORMAT_4 = f"""
ALTER TABLE cutouts ADD COLUMN injected TEXT;
ALTER TABLE cutouts ADD COLUMN withdrawn INTEGER NOT NULL DEFAULT 0;
{_INJECTED}
PRAGMA user_version = 5;
"""

#: Makes a review of format 6 of one of format 5, where no artefacts were searched.
_FROM_FORMAT_5 = """
ALTER TABLE cutouts ADD COLUMN artefacts TEXT;
ALTER TABLE cutouts ADD COLUMN verdicts TEXT NOT NULL DEFAULT '{}';
PRAGMA user_version = 6;
"""

#: What makes the next format of each older one; all of them, in order, the newest.
MIGRATIONS = {
    1: _FROM_FORMAT_1, 2: _FROM_FORMAT_2, 3: _FROM_FORMAT_3, 4: _FROM_FORMAT_4,
    5: _FROM_FORMAT_5,
}  # fmt: skip
