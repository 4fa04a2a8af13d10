PRAGMA application_id = 1129074000;
PRAGMA user_version = 2;
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
INSERT INTO "boxes" VALUES(1,1,5.0,5.0,15.0,15.0,'clump','accepted','model',0.7,'starter-1','Ada','2026-11-28T00:52:54.499+00:00','[5.0,5.0,15.0,15.0,"clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(2,1,40.0,40.0,55.0,52.0,'odd clump','proposal','model',0.4,'starter-1',NULL,NULL,'[40.0,40.0,55.0,52.0,"odd clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(3,2,5.0,5.0,15.0,15.0,'clump','proposal','model',0.7,'starter-1',NULL,NULL,'[5.0,5.0,15.0,15.0,"clump"]',NULL,'[["Ada","2026-11-28T00:52:54.501+00:00","accepted",5.0,5.0,15.0,15.0,"clump"],["Bob","2026-11-28T00:52:54.495+00:00","rejected",5.0,5.0,15.0,15.0,"clump"]]');
INSERT INTO "boxes" VALUES(4,2,40.0,40.0,55.0,52.0,'odd clump','accepted','model',0.4,'starter-1','Bob','2026-11-28T00:52:54.497+00:00','[40.0,40.0,55.0,52.0,"odd clump"]',NULL,'[["Bob","2026-11-28T00:52:54.497+00:00","accepted",40.0,40.0,55.0,52.0,"odd clump"]]');
INSERT INTO "boxes" VALUES(5,3,5.0,5.0,15.0,15.0,'clump','proposal','model',0.7,'starter-1',NULL,NULL,'[5.0,5.0,15.0,15.0,"clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(6,3,40.0,40.0,55.0,52.0,'odd clump','proposal','model',0.4,'starter-1',NULL,NULL,'[40.0,40.0,55.0,52.0,"odd clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(7,2,60.0,60.0,70.0,70.0,'clump','drawn','person',NULL,NULL,'Ada','2026-11-28T00:52:54.502+00:00',NULL,NULL,NULL);
INSERT INTO "boxes" VALUES(8,5,5.0,5.0,15.0,15.0,'clump','proposal','model',0.7,'starter-1',NULL,NULL,'[5.0,5.0,15.0,15.0,"clump"]',NULL,NULL);
INSERT INTO "boxes" VALUES(9,5,40.0,40.0,55.0,52.0,'odd clump','proposal','model',0.4,'starter-1',NULL,NULL,'[40.0,40.0,55.0,52.0,"odd clump"]',NULL,NULL);
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
  repeat_of INTEGER        -- the cutout that is shown here once more
  , proposal INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, edited INTEGER NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0
);
INSERT INTO "cutouts" VALUES(1,'galaxy 1','[["images/galaxy 1.png","/old/images/galaxy 1.png"]]','[]',1,1,'starter-1',100,80,'[[250,1795827174467011099,"453bfe7ce5fc2ad60a9c2253a1c5e7e19ab192ce7d63200aa41bceb07149691d"]]','[]','',NULL,1,1,0,0,0);
INSERT INTO "cutouts" VALUES(2,'galaxy 2','[["images/galaxy 2.png","/old/images/galaxy 2.png"]]','[]',0,0,'starter-1',100,80,NULL,'["merger"]','two nuclei',NULL,1,1,0,0,1);
INSERT INTO "cutouts" VALUES(3,'galaxy 3','[["images/galaxy 3.png","/old/images/galaxy 3.png"]]','[]',0,0,'starter-1',100,80,NULL,'[]','',NULL,2,0,0,0,0);
INSERT INTO "cutouts" VALUES(4,'galaxy 4','[["images/galaxy 4.png","/old/images/galaxy 4.png"]]','[]',0,0,NULL,NULL,NULL,NULL,'[]','',NULL,0,0,0,0,0);
INSERT INTO "cutouts" VALUES(5,'galaxy 1','[["images/galaxy 1.png","/old/images/galaxy 1.png"]]','[]',0,0,'starter-1',100,80,NULL,'[]','',1,2,0,0,0,0);
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
INSERT INTO "log" VALUES(1,'2026-11-28T00:52:54.472+00:00','Ada','cutout',NULL,1,NULL,NULL,'{"name":"galaxy 1","files":[["images/galaxy 1.png","/old/images/galaxy 1.png"]],"bands":[],"held_out":true,"done":false,"model":null,"width":null,"height":null,"seen":null}');
INSERT INTO "log" VALUES(2,'2026-11-28T00:52:54.472+00:00','Ada','cutout',NULL,2,NULL,NULL,'{"name":"galaxy 2","files":[["images/galaxy 2.png","/old/images/galaxy 2.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null}');
INSERT INTO "log" VALUES(3,'2026-11-28T00:52:54.472+00:00','Ada','cutout',NULL,3,NULL,NULL,'{"name":"galaxy 3","files":[["images/galaxy 3.png","/old/images/galaxy 3.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null}');
INSERT INTO "log" VALUES(4,'2026-11-28T00:52:54.472+00:00','Ada','cutout',NULL,4,NULL,NULL,'{"name":"galaxy 4","files":[["images/galaxy 4.png","/old/images/galaxy 4.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null}');
INSERT INTO "log" VALUES(5,'2026-11-28T00:52:54.488+00:00','Ada','seen',NULL,1,NULL,'{"seen":null,"width":null,"height":null}','{"seen":[[250,1795827174467011099,"453bfe7ce5fc2ad60a9c2253a1c5e7e19ab192ce7d63200aa41bceb07149691d"]],"width":100,"height":80}');
INSERT INTO "log" VALUES(6,'2026-11-28T00:52:54.490+00:00',NULL,'propose',NULL,1,NULL,'{"boxes":[],"model":null}','{"boxes":[[1,5.0,5.0,15.0,15.0,"clump",0.7],[2,40.0,40.0,55.0,52.0,"odd clump",0.4]],"model":"starter-1","width":100,"height":80}');
INSERT INTO "log" VALUES(7,'2026-11-28T00:52:54.491+00:00',NULL,'propose',NULL,2,NULL,'{"boxes":[],"model":null}','{"boxes":[[3,5.0,5.0,15.0,15.0,"clump",0.7],[4,40.0,40.0,55.0,52.0,"odd clump",0.4]],"model":"starter-1","width":100,"height":80}');
INSERT INTO "log" VALUES(8,'2026-11-28T00:52:54.492+00:00',NULL,'propose',NULL,3,NULL,'{"boxes":[],"model":null}','{"boxes":[[5,5.0,5.0,15.0,15.0,"clump",0.7],[6,40.0,40.0,55.0,52.0,"odd clump",0.4]],"model":"starter-1","width":100,"height":80}');
INSERT INTO "log" VALUES(9,'2026-11-28T00:52:54.499+00:00','Ada','accept',9,1,1,'{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"proposal","origin":"model","score":0.7,"model":"starter-1","annotator":null,"time":null,"proposed":[5.0,5.0,15.0,15.0,"clump"]}','{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"accepted","origin":"model","score":0.7,"model":"starter-1","annotator":"Ada","time":"2026-11-28T00:52:54.499+00:00","proposed":[5.0,5.0,15.0,15.0,"clump"]}');
INSERT INTO "log" VALUES(10,'2026-11-28T00:52:54.499+00:00','Ada','done',9,1,NULL,'{"done":false}','{"done":true}');
INSERT INTO "log" VALUES(11,'2026-11-28T00:52:54.501+00:00','Ada','accept',11,2,3,'{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"proposal","origin":"model","score":0.7,"model":"starter-1","annotator":null,"time":null,"proposed":[5.0,5.0,15.0,15.0,"clump"]}','{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"accepted","origin":"model","score":0.7,"model":"starter-1","annotator":"Ada","time":"2026-11-28T00:52:54.501+00:00","proposed":[5.0,5.0,15.0,15.0,"clump"]}');
INSERT INTO "log" VALUES(12,'2026-11-28T00:52:54.502+00:00','Ada','add',12,2,7,NULL,'{"x1":60.0,"y1":60.0,"x2":70.0,"y2":70.0,"cls":"clump","status":"drawn","origin":"person","score":null,"model":null,"annotator":"Ada","time":"2026-11-28T00:52:54.502+00:00","proposed":null}');
INSERT INTO "log" VALUES(13,'2026-11-28T00:52:54.503+00:00','Ada','flag',13,2,NULL,'{"flags":[],"remark":""}','{"flags":["merger"],"remark":"two nuclei"}');
INSERT INTO "log" VALUES(14,'2026-11-28T00:52:54.946+00:00','Ada','merge',14,2,3,'{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"accepted","origin":"model","score":0.7,"model":"starter-1","annotator":"Ada","time":"2026-11-28T00:52:54.501+00:00","proposed":[5.0,5.0,15.0,15.0,"clump"]}','{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"proposal","origin":"model","score":0.7,"model":"starter-1","annotator":null,"time":null,"proposed":[5.0,5.0,15.0,15.0,"clump"],"opinions":[["Ada","2026-11-28T00:52:54.501+00:00","accepted",5.0,5.0,15.0,15.0,"clump"],["Bob","2026-11-28T00:52:54.495+00:00","rejected",5.0,5.0,15.0,15.0,"clump"]]}');
INSERT INTO "log" VALUES(15,'2026-11-28T00:52:54.946+00:00','Ada','merge',14,2,4,'{"x1":40.0,"y1":40.0,"x2":55.0,"y2":52.0,"cls":"odd clump","status":"proposal","origin":"model","score":0.4,"model":"starter-1","annotator":null,"time":null,"proposed":[40.0,40.0,55.0,52.0,"odd clump"]}','{"x1":40.0,"y1":40.0,"x2":55.0,"y2":52.0,"cls":"odd clump","status":"accepted","origin":"model","score":0.4,"model":"starter-1","annotator":"Bob","time":"2026-11-28T00:52:54.497+00:00","proposed":[40.0,40.0,55.0,52.0,"odd clump"],"opinions":[["Bob","2026-11-28T00:52:54.497+00:00","accepted",40.0,40.0,55.0,52.0,"odd clump"]]}');
INSERT INTO "log" VALUES(16,'2026-11-28T00:52:54.948+00:00','Ada','cutout',NULL,5,NULL,NULL,'{"name":"galaxy 1","files":[["images/galaxy 1.png","/old/images/galaxy 1.png"]],"bands":[],"held_out":false,"done":false,"model":null,"width":null,"height":null,"seen":null,"repeat_of":1}');
INSERT INTO "log" VALUES(17,'2026-11-28T00:52:54.948+00:00','Ada','propose',NULL,5,NULL,'{"boxes":[],"model":null}','{"boxes":[[8,5.0,5.0,15.0,15.0,"clump",0.7],[9,40.0,40.0,55.0,52.0,"odd clump",0.4]],"model":"starter-1","width":100,"height":80}');
INSERT INTO "log" VALUES(18,'2026-11-28T00:52:54.950+00:00','Ada','reject',18,3,5,'{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"proposal","origin":"model","score":0.7,"model":"starter-1","annotator":null,"time":null,"proposed":[5.0,5.0,15.0,15.0,"clump"]}','{"x1":5.0,"y1":5.0,"x2":15.0,"y2":15.0,"cls":"clump","status":"rejected","origin":"model","score":0.7,"model":"starter-1","annotator":"Ada","time":"2026-11-28T00:52:54.950+00:00","proposed":[5.0,5.0,15.0,15.0,"clump"]}');
INSERT INTO "log" VALUES(19,'2026-11-28T00:52:54.951+00:00','Ada','undo',18,3,NULL,NULL,NULL);
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT) WITHOUT ROWID;
INSERT INTO "meta" VALUES('annotator','"Ada"');
INSERT INTO "meta" VALUES('classes','["clump", "odd clump"]');
INSERT INTO "meta" VALUES('created','"2026-11-28T00:52:54.472+00:00"');
INSERT INTO "meta" VALUES('held_out','0.25');
INSERT INTO "meta" VALUES('id','"639fc6c2-1bcb-4ca3-bfb5-7977497b51a4"');
INSERT INTO "meta" VALUES('seed','2');
CREATE TABLE steps (
  id INTEGER PRIMARY KEY,  -- its first seq in the log
  last INTEGER NOT NULL,
  cutout INTEGER NOT NULL,
  state TEXT NOT NULL      -- done, undone or dropped
);
INSERT INTO "steps" VALUES(9,10,1,'done');
INSERT INTO "steps" VALUES(11,11,2,'done');
INSERT INTO "steps" VALUES(12,12,2,'done');
INSERT INTO "steps" VALUES(13,13,2,'done');
INSERT INTO "steps" VALUES(14,15,2,'done');
INSERT INTO "steps" VALUES(18,18,3,'undone');
CREATE TABLE tally (
  held_out INTEGER, done INTEGER, decided INTEGER, repeated INTEGER,
  cutouts INTEGER NOT NULL DEFAULT 0,
  detected INTEGER NOT NULL DEFAULT 0
  , proposal INTEGER NOT NULL DEFAULT 0, accepted INTEGER NOT NULL DEFAULT 0, rejected INTEGER NOT NULL DEFAULT 0, edited INTEGER NOT NULL DEFAULT 0, drawn INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (held_out, done, decided, repeated)
) WITHOUT ROWID;
INSERT INTO "tally" VALUES(0,0,0,0,2,1,2,0,0,0,0);
INSERT INTO "tally" VALUES(0,0,0,1,1,1,2,0,0,0,0);
INSERT INTO "tally" VALUES(0,0,1,0,1,1,1,1,0,0,1);
INSERT INTO "tally" VALUES(0,0,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,1,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(0,1,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,1,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,0,1,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,0,0,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,0,1,0,0,0,0,0,0,0);
INSERT INTO "tally" VALUES(1,1,1,0,1,1,1,1,0,0,0);
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
CREATE TRIGGER count_box_insert AFTER INSERT ON boxes BEGIN UPDATE cutouts SET proposal = proposal + (NEW.status = 'proposal'), accepted = accepted + (NEW.status = 'accepted'), rejected = rejected + (NEW.status = 'rejected'), edited = edited + (NEW.status = 'edited'), drawn = drawn + (NEW.status = 'drawn') WHERE id = NEW.cutout; END;
CREATE TRIGGER count_box_delete AFTER DELETE ON boxes BEGIN UPDATE cutouts SET proposal = proposal - (OLD.status = 'proposal'), accepted = accepted - (OLD.status = 'accepted'), rejected = rejected - (OLD.status = 'rejected'), edited = edited - (OLD.status = 'edited'), drawn = drawn - (OLD.status = 'drawn') WHERE id = OLD.cutout; END;
CREATE TRIGGER count_box_update AFTER UPDATE OF status ON boxes BEGIN UPDATE cutouts SET proposal = proposal + (NEW.status = 'proposal') - (OLD.status = 'proposal'), accepted = accepted + (NEW.status = 'accepted') - (OLD.status = 'accepted'), rejected = rejected + (NEW.status = 'rejected') - (OLD.status = 'rejected'), edited = edited + (NEW.status = 'edited') - (OLD.status = 'edited'), drawn = drawn + (NEW.status = 'drawn') - (OLD.status = 'drawn') WHERE id = NEW.cutout; END;
CREATE TRIGGER tally_new AFTER INSERT ON cutouts BEGIN UPDATE tally SET cutouts = cutouts + 1, detected = detected + (NEW.model IS NOT NULL), proposal = proposal + NEW.proposal, accepted = accepted + NEW.accepted, rejected = rejected + NEW.rejected, edited = edited + NEW.edited, drawn = drawn + NEW.drawn WHERE held_out = NEW.held_out AND done = NEW.done AND decided = (NEW.accepted + NEW.edited + NEW.drawn + NEW.rejected > 0) AND repeated = (NEW.repeat_of IS NOT NULL); END;
CREATE TRIGGER tally_move AFTER UPDATE OF done, model, proposal, accepted, rejected, edited, drawn ON cutouts BEGIN UPDATE tally SET cutouts = cutouts - 1, detected = detected - (OLD.model IS NOT NULL), proposal = proposal - OLD.proposal, accepted = accepted - OLD.accepted, rejected = rejected - OLD.rejected, edited = edited - OLD.edited, drawn = drawn - OLD.drawn WHERE held_out = OLD.held_out AND done = OLD.done AND decided = (OLD.accepted + OLD.edited + OLD.drawn + OLD.rejected > 0) AND repeated = (OLD.repeat_of IS NOT NULL); UPDATE tally SET cutouts = cutouts + 1, detected = detected + (NEW.model IS NOT NULL), proposal = proposal + NEW.proposal, accepted = accepted + NEW.accepted, rejected = rejected + NEW.rejected, edited = edited + NEW.edited, drawn = drawn + NEW.drawn WHERE held_out = NEW.held_out AND done = NEW.done AND decided = (NEW.accepted + NEW.edited + NEW.drawn + NEW.rejected > 0) AND repeated = (NEW.repeat_of IS NOT NULL); END;
DELETE FROM "sqlite_sequence";
INSERT INTO "sqlite_sequence" VALUES('boxes',9);
COMMIT;
