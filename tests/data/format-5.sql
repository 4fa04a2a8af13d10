BEGIN TRANSACTION;
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
INSERT INTO "boxes" VALUES(1,1,10.0,10.0,20.0,22.0,'clump','accepted','model',0.9,'starter-2','Ada','2026-11-30T05:10:51.065+00:00','[10.0,10.0,20.0,22.0,"clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(2,1,40.0,40.0,55.0,52.0,'odd clump','rejected','model',0.4,'starter-2','Ada','2026-11-30T05:10:51.066+00:00','[40.0,40.0,55.0,52.0,"odd clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(3,1,60.0,60.0,70.0,70.0,'clump','drawn','person',NULL,NULL,'Ada','2026-11-30T05:10:51.067+00:00',NULL,NULL,NULL);
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
  withdrawn INTEGER NOT NULL DEFAULT 0  -- injected, and not shown any more
  , proposal INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, edited INTEGER NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "cutouts" VALUES(1,'galaxy 1','[["galaxy 1.png","/sky/galaxy 1.png"]]','[]',0,1,'starter-2',100,80,NULL,'[]','',NULL,'["sha256:27102a0832c906d7","pixels:cb70b8c31beef22e"]',0,'[]',NULL,NULL,0,0,1,1,0,1);
INSERT INTO "cutouts" VALUES(2,'galaxy 2','[["galaxy 2.png","/sky/galaxy 2.png"]]','[]',0,0,NULL,NULL,NULL,NULL,'["merger"]','two nuclei',NULL,'["sha256:46d28895ea2f0449","pixels:23b28b5488a3161a"]',0,'["bar"]',NULL,NULL,0,0,0,0,0,0);
INSERT INTO "cutouts" VALUES(3,'galaxy 3','[["galaxy 3.png","/sky/galaxy 3.png"]]','[]',0,0,NULL,NULL,NULL,NULL,'[]','',NULL,'["sha256:dea1fba31a6b02f6","pixels:b6628d636c161f3c"]',0,'[]',2,NULL,0,0,0,0,0,0);
INSERT INTO "cutouts" VALUES(4,'galaxy 1','[["galaxy 1.png","/sky/galaxy 1.png"]]','[]',0,0,NULL,NULL,NULL,NULL,'[]','',1,'["sha256:27102a0832c906d7","pixels:cb70b8c31beef22e"]',0,'[]',NULL,'{"before":2,"clumps":[{"x":30.0,"y":40.0,"ratio":0.05,"light":[9.0,9.0,9.0],"fwhm":[4.0,4.0,4.0]}]}',0,0,0,0,0,0);
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
INSERT INTO "log" VALUES(1,'2026-11-30T05:10:51.017+00:00','Ada','cutout',NULL,1,NULL,NULL,'{"name":"galaxy 1","files":[["galaxy 1.png","/sky/galaxy 1.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null,"keys":["sha256:27102a0832c906d7","pixels:cb70b8c31beef22e"]}');
INSERT INTO "log" VALUES(2,'2026-11-30T05:10:51.017+00:00','Ada','cutout',NULL,2,NULL,NULL,'{"name":"galaxy 2","files":[["galaxy 2.png","/sky/galaxy 2.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null,"keys":["sha256:46d28895ea2f0449","pixels:23b28b5488a3161a"]}');
INSERT INTO "log" VALUES(3,'2026-11-30T05:10:51.017+00:00','Ada','cutout',NULL,3,NULL,NULL,'{"name":"galaxy 3","files":[["galaxy 3.png","/sky/galaxy 3.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null,"keys":["sha256:dea1fba31a6b02f6","pixels:b6628d636c161f3c"]}');
INSERT INTO "log" VALUES(4,'2026-11-30T05:10:51.064+00:00',NULL,'propose',NULL,1,NULL,'{"boxes":[],"model":null}','{"boxes":[[1,10.0,10.0,20.0,22.0,"clump",0.9],[2,40.0,40.0,55.0,52.0,"odd clump",0.4]],"model":"starter-2","width":100,"height":80}');
INSERT INTO "log" VALUES(5,'2026-11-30T05:10:51.065+00:00','Ada','accept',5,1,1,'{"x1":10.0,"y1":10.0,"x2":20.0,"y2":22.0,"cls":"clump","status":"proposal","origin":"model","score":0.9,"model":"starter-2","annotator":null,"time":null,"proposed":[10.0,10.0,20.0,22.0,"clump"]}','{"x1":10.0,"y1":10.0,"x2":20.0,"y2":22.0,"cls":"clump","status":"accepted","origin":"model","score":0.9,"model":"starter-2","annotator":"Ada","time":"2026-11-30T05:10:51.065+00:00","proposed":[10.0,10.0,20.0,22.0,"clump"]}');
INSERT INTO "log" VALUES(6,'2026-11-30T05:10:51.066+00:00','Ada','reject',6,1,2,'{"x1":40.0,"y1":40.0,"x2":55.0,"y2":52.0,"cls":"odd clump","status":"proposal","origin":"model","score":0.4,"model":"starter-2","annotator":null,"time":null,"proposed":[40.0,40.0,55.0,52.0,"odd clump"]}','{"x1":40.0,"y1":40.0,"x2":55.0,"y2":52.0,"cls":"odd clump","status":"rejected","origin":"model","score":0.4,"model":"starter-2","annotator":"Ada","time":"2026-11-30T05:10:51.066+00:00","proposed":[40.0,40.0,55.0,52.0,"odd clump"]}');
INSERT INTO "log" VALUES(7,'2026-11-30T05:10:51.067+00:00','Ada','add',7,1,3,NULL,'{"x1":60.0,"y1":60.0,"x2":70.0,"y2":70.0,"cls":"clump","status":"drawn","origin":"person","score":null,"model":null,"annotator":"Ada","time":"2026-11-30T05:10:51.067+00:00","proposed":null}');
INSERT INTO "log" VALUES(8,'2026-11-30T05:10:51.068+00:00','Ada','done',8,1,NULL,'{"done":false}','{"done":true}');
INSERT INTO "log" VALUES(9,'2026-11-30T05:10:51.069+00:00','Ada','flag',9,2,NULL,'{"flags":[],"remark":""}','{"flags":["merger"],"remark":"two nuclei"}');
INSERT INTO "log" VALUES(10,'2026-11-30T05:10:51.073+00:00','Ada','tag',10,2,NULL,'{"tags":[]}','{"tags":["bar"]}');
INSERT INTO "log" VALUES(11,'2026-11-30T05:10:51.073+00:00','Ada','interest',11,3,NULL,'{"interest":null}','{"interest":2}');
INSERT INTO "log" VALUES(12,'2026-11-30T05:10:51.074+00:00','Ada','cutout',NULL,4,NULL,NULL,'{"name":"galaxy 1","files":[["galaxy 1.png","/sky/galaxy 1.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null,"keys":["sha256:27102a0832c906d7","pixels:cb70b8c31beef22e"],"repeat_of":1,"injected":{"before":2,"clumps":[{"x":30.0,"y":40.0,"ratio":0.05,"light":[9.0,9.0,9.0],"fwhm":[4.0,4.0,4.0]}]}}');
INSERT INTO "log" VALUES(13,'2026-11-30T05:10:51.076+00:00','Ada','flag',13,3,NULL,'{"flags":[],"remark":""}','{"flags":["artefact"],"remark":"a trail"}');
INSERT INTO "log" VALUES(14,'2026-11-30T05:10:51.077+00:00','Ada','undo',13,3,NULL,NULL,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
INSERT INTO "meta" VALUES('annotator','"Ada"');
INSERT INTO "meta" VALUES('classes','["clump", "odd clump"]');
INSERT INTO "meta" VALUES('created','"2026-11-30T05:10:51.016+00:00"');
INSERT INTO "meta" VALUES('held_out','0');
INSERT INTO "meta" VALUES('id','"d5339ef5-a99c-401e-90e1-596d786edb2e"');
INSERT INTO "meta" VALUES('queue_plan','["catalogue", "flagged"]');
INSERT INTO "meta" VALUES('seed','7');
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,  -- its first seq in the log
  last INTEGER NOT NULL,
  cutout INTEGER NOT NULL,
  state TEXT NOT NULL      -- done, undone or dropped
);
INSERT INTO "steps" VALUES(5,5,1,'done');
INSERT INTO "steps" VALUES(6,6,1,'done');
INSERT INTO "steps" VALUES(7,7,1,'done');
INSERT INTO "steps" VALUES(8,8,1,'done');
INSERT INTO "steps" VALUES(9,9,2,'done');
INSERT INTO "steps" VALUES(10,10,2,'done');
INSERT INTO "steps" VALUES(11,11,3,'done');
INSERT INTO "steps" VALUES(13,13,3,'undone');
CREATE TABLE tally (
  held_out INTEGER, done INTEGER, decided INTEGER, repeated INTEGER,
  cutouts INTEGER NOT NULL DEFAULT 0,
  detected INTEGER NOT NULL DEFAULT 0
  , proposal INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, edited INTEGER NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (held_out, done, decided, repeated)
) WITHOUT ROWID;
INSERT INTO "tally" VALUES(0,0,0,0,2,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,0,0,1,1,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,0,1,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,0,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,1,0,1,1,0,1,1,0,1);
INSERT INTO "tally" VALUES(0,1,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,1,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,1,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,1,1,0,0,0,0,0,0,0);
CREATE INDEX log_by_cutout ON log (cutout);
CREATE TRIGGER log_keeps BEFORE DELETE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE TRIGGER log_stays BEFORE UPDATE ON log
  BEGIN SELECT RAISE(ABORT, 'the log is append-only'); END;
CREATE INDEX steps_by_state ON steps (state, id);
CREATE INDEX cutouts_by_name ON cutouts (name);
CREATE INDEX cutouts_by_done ON cutouts (done, id);
CREATE INDEX boxes_by_cutout ON boxes (cutout);
CREATE INDEX boxes_unsettled ON boxes (cutout)
  WHERE status = 'proposal' AND opinions IS NOT NULL;
CREATE INDEX cutouts_injected ON cutouts (id) WHERE injected IS NOT NULL;
CREATE TRIGGER count_box_insert AFTER INSERT ON boxes BEGIN UPDATE cutouts SET proposal = proposal + (NEW.status = 'proposal'), accepted = accepted + (NEW.status = 'accepted'), rejected = rejected + (NEW.status = 'rejected'), edited = edited + (NEW.status = 'edited'), drawn = drawn + (NEW.status = 'drawn') WHERE id = NEW.cutout; END;
CREATE TRIGGER count_box_delete AFTER DELETE ON boxes BEGIN UPDATE cutouts SET proposal = proposal - (OLD.status = 'proposal'), accepted = accepted - (OLD.status = 'accepted'), rejected = rejected - (OLD.status = 'rejected'), edited = edited - (OLD.status = 'edited'), drawn = drawn - (OLD.status = 'drawn') WHERE id = OLD.cutout; END;
CREATE TRIGGER count_box_update AFTER UPDATE OF status ON boxes BEGIN UPDATE cutouts SET proposal = proposal + (NEW.status = 'proposal') - (OLD.status = 'proposal'), accepted = accepted + (NEW.status = 'accepted') - (OLD.status = 'accepted'), rejected = rejected + (NEW.status = 'rejected') - (OLD.status = 'rejected'), edited = edited + (NEW.status = 'edited') - (OLD.status = 'edited'), drawn = drawn + (NEW.status = 'drawn') - (OLD.status = 'drawn') WHERE id = NEW.cutout; END;
CREATE TRIGGER tally_new AFTER INSERT ON cutouts BEGIN UPDATE tally SET cutouts = cutouts + 1, detected = detected + (NEW.model IS NOT NULL), proposal = proposal + NEW.proposal, accepted = accepted + NEW.accepted, rejected = rejected + NEW.rejected, edited = edited + NEW.edited, drawn = drawn + NEW.drawn WHERE held_out = NEW.held_out AND done = NEW.done AND decided = (NEW.accepted + NEW.edited + NEW.drawn + NEW.rejected > 0) AND repeated = (NEW.repeat_of IS NOT NULL); END;
CREATE TRIGGER tally_move AFTER UPDATE OF done, model, proposal, accepted, rejected, edited, drawn ON cutouts BEGIN UPDATE tally SET cutouts = cutouts - 1, detected = detected - (OLD.model IS NOT NULL), proposal = proposal - OLD.proposal, accepted = accepted - OLD.accepted, rejected = rejected - OLD.rejected, edited = edited - OLD.edited, drawn = drawn - OLD.drawn WHERE held_out = OLD.held_out AND done = OLD.done AND decided = (OLD.accepted + OLD.edited + OLD.drawn + OLD.rejected > 0) AND repeated = (OLD.repeat_of IS NOT NULL); UPDATE tally SET cutouts = cutouts + 1, detected = detected + (NEW.model IS NOT NULL), proposal = proposal + NEW.proposal, accepted = accepted + NEW.accepted, rejected = rejected + NEW.rejected, edited = edited + NEW.edited, drawn = drawn + NEW.drawn WHERE held_out = NEW.held_out AND done = NEW.done AND decided = (NEW.accepted + NEW.edited + NEW.drawn + NEW.rejected > 0) AND repeated = (NEW.repeat_of IS NOT NULL); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('boxes',3);
COMMIT;
PRAGMA application_id = 1129074000;
PRAGMA user_version = 5;
