BEGIN TRANSACTION;
CREATE TABLE alembic_version (
	version_num VARCHAR(32) NOT NULL, 
	CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);
INSERT INTO "alembic_version" VALUES('0033');
CREATE TABLE attachment (
	conversation VARCHAR(200) NOT NULL, 
	document VARCHAR(200) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	read_at DATETIME NOT NULL, 
	PRIMARY KEY (conversation, document)
);
CREATE TABLE audit (
	id INTEGER NOT NULL, 
	at DATETIME NOT NULL, 
	who VARCHAR(200) NOT NULL, 
	what VARCHAR(40) NOT NULL, 
	source TEXT NOT NULL, 
	detail TEXT NOT NULL, 
	outcome VARCHAR(12), 
	PRIMARY KEY (id)
);
INSERT INTO "audit" VALUES(1,'2026-11-28 06:49:37.717471','shell:user:ida','added','4f570c21742d','','done');
INSERT INTO "audit" VALUES(2,'2026-11-28 07:05:11.864188','shell:user:ida','added','/srv/rooms','',NULL);
CREATE TABLE blind_choice (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	first VARCHAR(60) NOT NULL, 
	second VARCHAR(60) NOT NULL, 
	choice VARCHAR(8), 
	shown_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE channel (
	platform VARCHAR(20) NOT NULL, 
	workspace VARCHAR(200) NOT NULL, 
	channel VARCHAR(200) NOT NULL, 
	rules JSON NOT NULL, 
	changed_by VARCHAR(200) NOT NULL, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (platform, workspace, channel)
);
INSERT INTO "channel" VALUES('slack','T1','C1','{"answers": "unprompted", "bar": 0.9, "voice": null, "sources": null, "daily_limit": 40, "threads": true, "forum": false, "unsure": true, "frame": null}','slack:user:U1','2026-11-27 12:00:00.000000');
INSERT INTO "channel" VALUES('slack','T1','','{"help_channel": "C9", "digest_channel": null}','slack:user:U1','2026-11-27 12:00:00.000000');
CREATE TABLE citation (
	trace_id VARCHAR(32) NOT NULL, 
	n INTEGER NOT NULL, 
	source TEXT NOT NULL, 
	document TEXT NOT NULL, 
	passage VARCHAR(64) NOT NULL, 
	digest VARCHAR(64) NOT NULL, 
	title TEXT NOT NULL, 
	url TEXT NOT NULL, 
	quote TEXT NOT NULL, 
	PRIMARY KEY (trace_id, n)
);
INSERT INTO "citation" VALUES('f5bbd644fb1347cda9c3bb48598fe966',1,'4f570c21742d','pay.md','6d1c8bc4-baa6-51d9-ba97-e2d52631cc88','0934abec889a858a030564e3d62d03bfbdfb1626e3f0bb9e491b421335d720fd','Pay','file:///srv/handbook/pay.md#pay','Salaries are paid on the 25th of each month.
Expenses are paid back within five days of the request.');
INSERT INTO "citation" VALUES('a06cf2a13b284ea7bd58d2fa443d509a',1,'4f570c21742d','leave.md','8806347f-30b0-5312-a4b0-48696b670f74','e0ba88148e6a62ead8244e1265d3ea629425cd459969a5b90b69f967874ad793','Leave','file:///srv/handbook/leave.md#leave','Everybody has 28 days of vacation a year.');
CREATE TABLE curated_answer (
	id VARCHAR(32) NOT NULL, 
	question TEXT NOT NULL, 
	asked JSON NOT NULL, 
	answer TEXT NOT NULL, 
	access JSON NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	written_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE document (
	source_id VARCHAR(40) NOT NULL, 
	path TEXT NOT NULL, 
	fingerprint VARCHAR(96) NOT NULL, 
	etag TEXT, 
	last_modified TEXT, 
	valid_until DATE, 
	language VARCHAR(8), 
	passages INTEGER NOT NULL, 
	ingested_at DATETIME NOT NULL, left_out JSON DEFAULT '[]' NOT NULL, limits JSON, note TEXT, characters INTEGER, access JSON, marks JSON DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (source_id, path)
);
INSERT INTO "document" VALUES('4f570c21742d','leave.md','46cfc30fd22ebc9d:d0b6126cfa74763d5d515c69c2b9f935aaf59b6ccf2a765e5b2588fdbee68610',NULL,NULL,NULL,NULL,2,'2026-11-28 06:50:01.104753','[]','[]',NULL,175,'["public"]','[61382768032205, 264184175545629]');
INSERT INTO "document" VALUES('4f570c21742d','pay.md','46cfc30fd22ebc9d:d180d46e5f1975a3acfdd2ed982bd2a9fa41eecdf0c7a0de6903e2b845f0a200',NULL,NULL,NULL,NULL,1,'2026-11-28 06:50:01.104753','[]','[]',NULL,100,'["public"]','[122626780295459]');
INSERT INTO "document" VALUES('4f570c21742d','travel.md','46cfc30fd22ebc9d:fbc6313140875dcdd5d8baed1eeb56a25341427e3bd6465c5c733898a90dde4b',NULL,NULL,NULL,NULL,1,'2026-11-28 06:50:01.104753','[]','[]',NULL,153,'["public"]','[156783553790131]');
CREATE TABLE draft (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	place JSON NOT NULL, 
	text TEXT NOT NULL, 
	saved_at DATETIME NOT NULL, source TEXT DEFAULT '' NOT NULL, voice VARCHAR(40) DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE feedback (
	trace_id VARCHAR(32) NOT NULL, 
	rater VARCHAR(200) NOT NULL, 
	helpful BOOLEAN NOT NULL, 
	rated_at DATETIME NOT NULL, 
	PRIMARY KEY (trace_id, rater)
);
INSERT INTO "feedback" VALUES('f5bbd644fb1347cda9c3bb48598fe966','console:user:console',1,'2026-11-28 06:51:30.223613');
INSERT INTO "feedback" VALUES('a06cf2a13b284ea7bd58d2fa443d509a','console:user:console',0,'2026-11-28 06:51:31.267186');
CREATE TABLE gap (
	trace_id VARCHAR(32) NOT NULL, 
	question TEXT NOT NULL, 
	asked_at DATETIME NOT NULL, closed_at DATETIME, closed_how VARCHAR(12), 
	PRIMARY KEY (trace_id)
);
INSERT INTO "gap" VALUES('dfc494cf0500427ea5089088b73e1d7e','Who feeds the cat?','2026-11-28 06:51:32.178701',NULL,NULL);
CREATE TABLE golden_question (
	id INTEGER NOT NULL, 
	question TEXT NOT NULL, 
	source_id VARCHAR(40) NOT NULL, 
	document TEXT NOT NULL, 
	section TEXT NOT NULL, 
	origin VARCHAR(12) NOT NULL, 
	added_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE inbox (
	id VARCHAR(200) NOT NULL, 
	platform VARCHAR(20) NOT NULL, 
	conversation VARCHAR(200) NOT NULL, 
	author VARCHAR(200) NOT NULL, 
	body JSON, 
	shown JSON NOT NULL, 
	accepted_at DATETIME NOT NULL, 
	lease_until DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	outcome VARCHAR(16), failures INTEGER DEFAULT '0' NOT NULL, place JSON, 
	PRIMARY KEY (id)
);
INSERT INTO "inbox" VALUES('console:e6ab5341f52a4fd8bebc69c0d58ef3fb','console','console:b512faa4fcdf4e6cad1ade5ae931f59c','console','null','[]','2026-11-28 06:51:28.599216','2026-11-28 06:51:58.599216',1,'answered',0,'{"platform": "console", "workspace": "", "channel": "b512faa4fcdf4e6cad1ade5ae931f59c", "thread": null, "direct": true, "private": false}');
INSERT INTO "inbox" VALUES('console:a4f4b5176575494084063d3bfd6eeb66','console','console:b512faa4fcdf4e6cad1ade5ae931f59c','console','null','[]','2026-11-28 06:51:30.229254','2026-11-28 06:52:00.229254',1,'answered',0,'{"platform": "console", "workspace": "", "channel": "b512faa4fcdf4e6cad1ade5ae931f59c", "thread": null, "direct": true, "private": false}');
INSERT INTO "inbox" VALUES('console:89455c71a4b6492080e77d1bd54aa3cc','console','console:b512faa4fcdf4e6cad1ade5ae931f59c','console','null','[]','2026-11-28 06:51:31.272376','2026-11-28 06:52:01.272376',1,'answered',0,'{"platform": "console", "workspace": "", "channel": "b512faa4fcdf4e6cad1ade5ae931f59c", "thread": null, "direct": true, "private": false}');
INSERT INTO "inbox" VALUES('slack:C1:1.2','slack','slack:T1:C1:1.1','U1','{"id": "slack:C1:1.2", "place": {"platform": "slack", "workspace": "T1", "channel": "C1", "thread": "1.1", "direct": false}, "author": "U1", "text": "When are salaries paid?", "address": "mention", "private": false, "to_others": false, "files": [], "voice": null, "handle": {}}','[]','2026-11-27 12:00:00.000000','2026-11-27 12:00:30.000000',1,NULL,0,'{"platform": "slack", "workspace": "T1", "channel": "C1", "thread": "1.1", "direct": false, "private": false}');
INSERT INTO "inbox" VALUES('slack:C1:1.1','slack','slack:T1:C1:1.1','U1','null','["1.15"]','2026-11-27 12:00:00.000000','2026-11-27 12:00:30.000000',1,'answered',0,'{"platform": "slack", "workspace": "T1", "channel": "C1", "thread": "1.1", "direct": false, "private": false}');
CREATE TABLE index_change (
	id INTEGER NOT NULL, 
	source_id TEXT NOT NULL, 
	document TEXT, 
	PRIMARY KEY (id)
);
CREATE TABLE index_generation (
	number INTEGER NOT NULL, 
	place VARCHAR(20) NOT NULL, 
	layout TEXT NOT NULL, 
	embedder TEXT NOT NULL, 
	embedder_name TEXT NOT NULL, 
	dimension INTEGER NOT NULL, 
	state VARCHAR(10) NOT NULL, 
	begun_at DATETIME NOT NULL, 
	left_at DATETIME, 
	gate VARCHAR(32), 
	gate_until DATETIME, 
	PRIMARY KEY (number)
);
INSERT INTO "index_generation" VALUES(1,'embedded','1 porter unicode61 remove_diacritics 2','packaged','all-mpnet-base-v2',768,'current','2026-11-28 06:49:37.648783',NULL,NULL,NULL);
CREATE TABLE kept_version (
	source_id VARCHAR(40) NOT NULL, 
	run_id INTEGER NOT NULL, 
	path TEXT NOT NULL, 
	embedder TEXT NOT NULL, 
	record JSON, 
	passages BLOB, 
	vectors BLOB, 
	PRIMARY KEY (source_id, run_id, path)
);
CREATE TABLE measure (
	at DATETIME NOT NULL, 
	documents INTEGER NOT NULL, 
	gaps INTEGER NOT NULL, 
	PRIMARY KEY (at)
);
CREATE TABLE notice (
	id INTEGER NOT NULL, 
	source_id VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	audience TEXT NOT NULL, 
	text TEXT NOT NULL, 
	raised_at DATETIME NOT NULL, 
	delivered_at DATETIME, 
	PRIMARY KEY (id)
);
CREATE TABLE outbox (
	id VARCHAR(200) NOT NULL, 
	platform VARCHAR(20) NOT NULL, 
	place JSON NOT NULL, 
	body JSON, 
	entered_at DATETIME NOT NULL, 
	lease_until DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	outcome VARCHAR(12), 
	PRIMARY KEY (id)
);
CREATE TABLE proposal (
	id VARCHAR(32) NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	body JSON NOT NULL, 
	saved_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
CREATE TABLE quiet (
	conversation VARCHAR(200) NOT NULL, 
	since DATETIME NOT NULL, 
	PRIMARY KEY (conversation)
);
CREATE TABLE reading_task (
	source_id VARCHAR(40) NOT NULL, 
	night DATETIME NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	attempts INTEGER NOT NULL, 
	next_at DATETIME NOT NULL, 
	failed_nights INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	PRIMARY KEY (source_id)
);
CREATE TABLE recall (
	trace_id VARCHAR(32) NOT NULL, 
	found_at DATETIME NOT NULL, 
	lease_until DATETIME NOT NULL, 
	attempts INTEGER NOT NULL, 
	outcome VARCHAR(12), 
	PRIMARY KEY (trace_id)
);
CREATE TABLE run (
	id INTEGER NOT NULL, 
	source_id VARCHAR(40) NOT NULL, 
	started_at DATETIME NOT NULL, 
	finished_at DATETIME, 
	added INTEGER NOT NULL, 
	changed INTEGER NOT NULL, 
	removed INTEGER NOT NULL, 
	unchanged INTEGER NOT NULL, 
	skipped JSON NOT NULL, 
	error TEXT, left_out JSON DEFAULT '{}' NOT NULL, others JSON DEFAULT '{}' NOT NULL, state VARCHAR(12) DEFAULT 'open' NOT NULL, quarantined JSON DEFAULT '{}' NOT NULL, held JSON DEFAULT '[]' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "run" VALUES(1,'4f570c21742d','2026-11-28 06:49:37.787101','2026-11-28 06:50:01.129006',3,0,0,0,'{}',NULL,'{}','{}','done','{}','[]');
INSERT INTO "run" VALUES(2,'2bb507c5a428','2026-11-28 07:05:11.959489',NULL,0,0,0,0,'{}',NULL,'{}','{}','open','{}','[]');
CREATE TABLE "source" (
	id VARCHAR(40) NOT NULL, 
	kind VARCHAR(20) NOT NULL, 
	location TEXT NOT NULL, 
	access JSON NOT NULL, 
	added_at DATETIME NOT NULL, 
	options JSON DEFAULT '{}' NOT NULL, 
	is_paused BOOLEAN DEFAULT 0 NOT NULL, schedule VARCHAR(120) DEFAULT '' NOT NULL, added_by TEXT DEFAULT '' NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "source" VALUES('4f570c21742d','folder','/srv/handbook','["public"]','2026-11-28 06:49:37.756439','{}',0,'','shell:user:ida');
INSERT INTO "source" VALUES('2bb507c5a428','folder','/srv/rooms','["public"]','2026-11-28 07:05:11.908846','{}',0,'','shell:user:ida');
CREATE TABLE source_lease (
	source_id VARCHAR(40) NOT NULL, 
	token VARCHAR(32) NOT NULL, 
	holder TEXT NOT NULL, 
	since DATETIME NOT NULL, 
	until DATETIME NOT NULL, 
	PRIMARY KEY (source_id)
);
INSERT INTO "source_lease" VALUES('2bb507c5a428','94c9c0e002d14a32b9904d1400bc251a','process 5720 on bot','2026-11-28 07:05:11.876165','2026-11-28 07:06:11.876165');
CREATE TABLE source_measure (
	run_id INTEGER NOT NULL, 
	source_id VARCHAR(40) NOT NULL, 
	measured_at DATETIME NOT NULL, 
	newest_at DATETIME, 
	documents INTEGER NOT NULL, 
	passages INTEGER NOT NULL, 
	characters INTEGER NOT NULL, 
	duplicates FLOAT NOT NULL, 
	languages JSON NOT NULL, 
	failures INTEGER NOT NULL, 
	drift FLOAT NOT NULL, 
	PRIMARY KEY (run_id)
);
INSERT INTO "source_measure" VALUES(1,'4f570c21742d','2026-11-28 06:50:01.167689','2026-11-28 06:50:01.167689',3,4,428,0.0,'{"unknown": 3}',0,1.0);
CREATE TABLE trace (
	id VARCHAR(32) NOT NULL, 
	conversation VARCHAR(200) NOT NULL, 
	asker VARCHAR(200) NOT NULL, 
	body JSON NOT NULL, 
	answered_at DATETIME NOT NULL, private BOOLEAN DEFAULT 1 NOT NULL, handed_over_at DATETIME, version INTEGER DEFAULT '1' NOT NULL, message_id VARCHAR(200), tier VARCHAR(8), confidence FLOAT, 
	PRIMARY KEY (id)
);
INSERT INTO "trace" VALUES('f5bbd644fb1347cda9c3bb48598fe966','console:b512faa4fcdf4e6cad1ade5ae931f59c','console:user:console','{"question": "When are salaries paid?", "answer": "Hello there! This is what \u201cPay\u201d says: Salaries are paid on the 25th of each month. Expenses are paid back within five days of the request. [1] Worth a note in your diary.", "voice": "fernhill", "passages": [{"id": "6d1c8bc4-baa6-51d9-ba97-e2d52631cc88", "source": "4f570c21742d", "document": "pay.md", "url": "file:///srv/handbook/pay.md#pay", "title": "Pay", "score": 1.0, "answers": 0.9997, "text": "Salaries are paid on the 25th of each month.\nExpenses are paid back within five days of the request."}, {"id": "8806347f-30b0-5312-a4b0-48696b670f74", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#leave", "title": "Leave", "score": 0.0031, "answers": 0.0008, "text": "Everybody has 28 days of vacation a year. Part-time staff have as many days as they work in a week, times five."}, {"id": "e4036059-6297-51c0-98c1-bbe6c28137e2", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#parental-leave", "title": "Leave \u203a Parental leave", "score": 0.0022, "answers": 0.0004, "text": "Parents take up to 14 weeks of parental leave in the first year."}, {"id": "d20be532-fde4-5e25-82f0-974a44a42b76", "source": "4f570c21742d", "document": "travel.md", "url": "file:///srv/handbook/travel.md#travel", "title": "Travel", "score": 0.0001, "answers": 0.0, "text": "Train tickets are second class up to four hours, and first class beyond.\n| Country | Daily allowance |\n|---|---|\n| Austria | 40 EUR |\n| Norway | 75 EUR |"}], "checks": {"quote_verbatim": true, "facts": {"links": true, "code": true, "numbers": true, "negations": true, "names": true}, "lead_in": "heading", "restatement": "none", "marks": true, "markers": {"greeting": true, "closing": true, "no_forbidden_words": true, "own_words": true, "short_sentences": true, "emoji": true, "exclamations": true}, "composed": null}, "timings_ms": {"retrieve": 846.2, "judge": 1.5, "first_word": 1456.2, "write": 612.5, "total": 1476.7}, "voice_version": "f0dca2e8", "error_id": null}','2026-11-28 06:51:30.191739',1,NULL,2,'console:e6ab5341f52a4fd8bebc69c0d58ef3fb','sure',1.0);
INSERT INTO "trace" VALUES('a06cf2a13b284ea7bd58d2fa443d509a','console:b512faa4fcdf4e6cad1ade5ae931f59c','console:user:console','{"question": "How many days of vacation do I have?", "answer": "This is what \u201cLeave\u201d says: Everybody has 28 days of vacation a year. [1]", "voice": "fernhill", "passages": [{"id": "8806347f-30b0-5312-a4b0-48696b670f74", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#leave", "title": "Leave", "score": 0.9997, "answers": 0.9966, "text": "Everybody has 28 days of vacation a year. Part-time staff have as many days as they work in a week, times five."}, {"id": "e4036059-6297-51c0-98c1-bbe6c28137e2", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#parental-leave", "title": "Leave \u203a Parental leave", "score": 0.0433, "answers": 0.0351, "text": "Parents take up to 14 weeks of parental leave in the first year."}, {"id": "6d1c8bc4-baa6-51d9-ba97-e2d52631cc88", "source": "4f570c21742d", "document": "pay.md", "url": "file:///srv/handbook/pay.md#pay", "title": "Pay", "score": 0.0086, "answers": 0.0049, "text": "Salaries are paid on the 25th of each month.\nExpenses are paid back within five days of the request."}, {"id": "d20be532-fde4-5e25-82f0-974a44a42b76", "source": "4f570c21742d", "document": "travel.md", "url": "file:///srv/handbook/travel.md#travel", "title": "Travel", "score": 0.001, "answers": 0.0008, "text": "Train tickets are second class up to four hours, and first class beyond.\n| Country | Daily allowance |\n|---|---|\n| Austria | 40 EUR |\n| Norway | 75 EUR |"}], "checks": {"quote_verbatim": true, "facts": {"links": true, "code": true, "numbers": true, "negations": true, "names": true}, "lead_in": "heading", "restatement": "none", "marks": true, "markers": {"greeting": true, "closing": true, "no_forbidden_words": true, "own_words": true, "short_sentences": true, "emoji": true, "exclamations": true}, "composed": null}, "timings_ms": {"retrieve": 941.4, "judge": 1.8, "first_word": 966.3, "write": 24.9, "total": 972.7}, "voice_version": "f0dca2e8", "error_id": null}','2026-11-28 06:51:31.217684',1,NULL,2,'console:a4f4b5176575494084063d3bfd6eeb66','sure',0.997);
INSERT INTO "trace" VALUES('dfc494cf0500427ea5089088b73e1d7e','console:b512faa4fcdf4e6cad1ade5ae931f59c','console:user:console','{"question": "Who feeds the cat?", "answer": "I have looked and found no answer to this, so I won''t guess.", "voice": "fernhill", "passages": [{"id": "6d1c8bc4-baa6-51d9-ba97-e2d52631cc88", "source": "4f570c21742d", "document": "pay.md", "url": "file:///srv/handbook/pay.md#pay", "title": "Pay", "score": 0.0001, "answers": 0.0309, "text": "Salaries are paid on the 25th of each month.\nExpenses are paid back within five days of the request."}, {"id": "8806347f-30b0-5312-a4b0-48696b670f74", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#leave", "title": "Leave", "score": 0.0001, "answers": 0.0337, "text": "Everybody has 28 days of vacation a year. Part-time staff have as many days as they work in a week, times five."}, {"id": "d20be532-fde4-5e25-82f0-974a44a42b76", "source": "4f570c21742d", "document": "travel.md", "url": "file:///srv/handbook/travel.md#travel", "title": "Travel", "score": 0.0, "answers": 0.0137, "text": "Train tickets are second class up to four hours, and first class beyond.\n| Country | Daily allowance |\n|---|---|\n| Austria | 40 EUR |\n| Norway | 75 EUR |"}, {"id": "e4036059-6297-51c0-98c1-bbe6c28137e2", "source": "4f570c21742d", "document": "leave.md", "url": "file:///srv/handbook/leave.md#parental-leave", "title": "Leave \u203a Parental leave", "score": 0.0, "answers": 0.0081, "text": "Parents take up to 14 weeks of parental leave in the first year."}], "checks": {"quote_verbatim": null, "facts": {}, "lead_in": null, "restatement": null, "marks": null, "markers": {}, "composed": null}, "timings_ms": {"retrieve": 890.1, "judge": 1.2, "first_word": 891.7, "write": 0.6, "total": 892.0}, "voice_version": "f0dca2e8", "error_id": null}','2026-11-28 06:51:32.178701',1,NULL,2,'console:89455c71a4b6492080e77d1bd54aa3cc','none',0.034);
CREATE TABLE turn (
	id INTEGER NOT NULL, 
	conversation VARCHAR(200) NOT NULL, 
	question TEXT NOT NULL, 
	trace_id VARCHAR(32) NOT NULL, 
	asked_at DATETIME NOT NULL, 
	PRIMARY KEY (id)
);
INSERT INTO "turn" VALUES(1,'console:b512faa4fcdf4e6cad1ade5ae931f59c','When are salaries paid?','f5bbd644fb1347cda9c3bb48598fe966','2026-11-28 06:51:30.191739');
INSERT INTO "turn" VALUES(2,'console:b512faa4fcdf4e6cad1ade5ae931f59c','How many days of vacation do I have?','a06cf2a13b284ea7bd58d2fa443d509a','2026-11-28 06:51:31.217684');
INSERT INTO "turn" VALUES(3,'console:b512faa4fcdf4e6cad1ade5ae931f59c','Who feeds the cat?','dfc494cf0500427ea5089088b73e1d7e','2026-11-28 06:51:32.178701');
CREATE TABLE usage (
	subject VARCHAR(300) NOT NULL, 
	window_start DATETIME NOT NULL, 
	count INTEGER NOT NULL, 
	PRIMARY KEY (subject, window_start)
);
CREATE TABLE wording (
	id VARCHAR(32) NOT NULL, 
	voice VARCHAR(40) NOT NULL, 
	answer VARCHAR(32), 
	question TEXT NOT NULL, 
	plain TEXT NOT NULL, 
	voiced TEXT NOT NULL, 
	owner VARCHAR(200) NOT NULL, 
	saved_at DATETIME NOT NULL, 
	approved_at DATETIME, 
	PRIMARY KEY (id)
);
INSERT INTO "wording" VALUES('a60008080aa246a3b9e1caf0ce9fe75a','fernhill',NULL,'When are salaries paid?','Salaries are paid on the 25th.','Mark the 25th: payday!','slack:user:U2','2026-11-27 12:00:00.000000',NULL);
CREATE TABLE work_item (
	source_id VARCHAR(40) NOT NULL, 
	path TEXT NOT NULL, 
	run_id INTEGER NOT NULL, 
	version VARCHAR(96) NOT NULL, 
	state VARCHAR(12) NOT NULL, 
	urgent BOOLEAN NOT NULL, 
	attempts INTEGER NOT NULL, 
	error TEXT NOT NULL, 
	record JSON, 
	passages BLOB, 
	vectors BLOB, 
	changed_at DATETIME NOT NULL, 
	PRIMARY KEY (source_id, path)
);
INSERT INTO "work_item" VALUES('2bb507c5a428','t1.md',2,'46cfc30fd22ebc9d:a87e04975360df8f4d96a4a9cfc717c6147a30d30db10efbb8ccbccf2a1f3fe6','reading',0,1,'','{"path": "t1.md", "fingerprint": "46cfc30fd22ebc9d:a87e04975360df8f4d96a4a9cfc717c6147a30d30db10efbb8ccbccf2a1f3fe6", "validators": {"etag": null, "last_modified": null, "note": null}, "valid_until": null, "language": null, "passages": 2, "left_out": [], "limits": [], "characters": 129, "access": ["public"], "marks": [38916447632888, 124763435514174]}',NULL,NULL,'2026-11-28 07:05:13.537185');
INSERT INTO "work_item" VALUES('2bb507c5a428','t2.md',2,'46cfc30fd22ebc9d:1b05531c7de6aeb5480281411cd25003fe6224e95b325d8c8afa418178c40ac0','reading',0,1,'','{"path": "t2.md", "fingerprint": "46cfc30fd22ebc9d:1b05531c7de6aeb5480281411cd25003fe6224e95b325d8c8afa418178c40ac0", "validators": {"etag": null, "last_modified": null, "note": null}, "valid_until": null, "language": null, "passages": 2, "left_out": [], "limits": [], "characters": 130, "access": ["public"], "marks": [226833699634742, 117108223899480]}',NULL,NULL,'2026-11-28 07:05:13.537185');
CREATE INDEX ix_run_source_id ON run (source_id);
CREATE INDEX ix_turn_conversation ON turn (conversation);
CREATE INDEX ix_attachment_read_at ON attachment (read_at);
CREATE INDEX ix_inbox_conversation ON inbox (conversation);
CREATE INDEX ix_inbox_outcome ON inbox (platform, outcome);
CREATE INDEX ix_citation_passage ON citation (passage);
CREATE INDEX ix_citation_document ON citation (source, document);
CREATE INDEX ix_audit_source ON audit (source);
CREATE INDEX ix_source_measure_source_id ON source_measure (source_id);
CREATE INDEX ix_wording_voice ON wording (voice);
COMMIT;