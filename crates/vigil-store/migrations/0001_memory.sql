-- What the service remembers. Times are microseconds since 1970, in UTC.
-- NUMBERED, BYTES, WORDS and CLUSTERED are spelled for each database by src/migrate.rs.

CREATE TABLE schema_version (version BIGINT NOT NULL);

-- How often anything was changed. SQLite alone counts here; PostgreSQL knows by itself.
CREATE TABLE revision (number BIGINT NOT NULL);
INSERT INTO revision (number) VALUES (1);

-- How many services have worked with it, one after the other: one that loses it for a while sees whether another came.
CREATE TABLE residence (number BIGINT NOT NULL);
INSERT INTO residence (number) VALUES (0);

-- Empty; something is put here and taken away to see whether there is room.
CREATE TABLE trials (filling BYTES NOT NULL);

CREATE TABLE registries (
  id NUMBERED,
  partition_name WORDS NOT NULL,
  account WORDS NOT NULL,
  region WORDS NOT NULL,
  -- When it was seen for the first time, as a whole or by what an event tells of; before that, nothing in it is news.
  seen_at BIGINT,
  -- When that which it held at the end of the first whole pass was told.
  baseline_at BIGINT,
  UNIQUE (account, region)
);

CREATE TABLE repositories (
  id NUMBERED,
  registry BIGINT NOT NULL REFERENCES registries (id),
  name WORDS NOT NULL,
  created_at BIGINT,
  scan_on_push BIGINT,
  tag_mutability WORDS,
  first_seen BIGINT NOT NULL,
  listed_at BIGINT,
  -- In which pass that was, by its number.
  listed_in BIGINT,
  gone_at BIGINT,
  -- Why it could not be read the last time.
  unread WORDS,
  -- Who looks after it by its own tags, and when these were last read.
  owner WORDS,
  owner_read_at BIGINT,
  UNIQUE (registry, name)
);

CREATE INDEX repositories_name ON repositories (name);

-- Known severities have fixed ids, worst highest; words that nobody knew get ids below zero.
CREATE TABLE severities (
  id BIGINT PRIMARY KEY,
  word WORDS NOT NULL UNIQUE
);
INSERT INTO severities (id, word) VALUES
  (7, 'CRITICAL'), (6, 'HIGH'), (5, 'MEDIUM'), (4, 'LOW'), (3, 'INFORMATIONAL'), (2, 'UNTRIAGED'), (1, 'UNDEFINED');

-- Distinct sets of schedules, their names sorted and with spaces between them.
CREATE TABLE watches (
  id NUMBERED,
  schedules WORDS NOT NULL UNIQUE
);

CREATE TABLE images (
  id NUMBERED,
  repository BIGINT NOT NULL REFERENCES repositories (id),
  digest BYTES NOT NULL,
  kind WORDS NOT NULL,
  platform WORDS,
  index_digest BYTES,
  pushed_at BIGINT,
  pulled_at BIGINT,
  size_bytes BIGINT,
  storage WORDS NOT NULL,
  first_seen BIGINT NOT NULL,
  gone_at BIGINT,
  -- The schedules that watch it, in watches; 0: none.
  watch BIGINT NOT NULL DEFAULT 0,
  -- What the last pass decided, and what came of it.
  decision WORDS,
  reason WORDS,
  detail WORDS,
  next_at BIGINT,
  ending WORDS,
  said WORDS,
  -- The last scan, as ECR tells it.
  scan_state WORDS,
  scan_description WORDS,
  scanned_at BIGINT,
  scan_counts WORDS,
  scan_content BYTES,
  -- The last scan that had findings, which stand when another one fails.
  findings_content BYTES,
  -- What we know beyond ECR.
  asked_at BIGINT,
  started_at BIGINT,
  -- The number of the pass that started it.
  started_by BIGINT,
  refused_at BIGINT,
  refused_said WORDS,
  failed_at BIGINT,
  -- Open findings by severity, accepted ones left out; NULL as long as there was no scan.
  counts WORDS,
  accepted BIGINT NOT NULL DEFAULT 0,
  -- What was judged: a hash over the findings, and over which of them are accepted.
  judged_content BYTES,
  -- Sorts worst first; -1 as long as there was no scan.
  badness BIGINT NOT NULL DEFAULT -1,
  UNIQUE (repository, digest)
);
CREATE INDEX images_worst_in_repository ON images (repository, badness, id) WHERE gone_at IS NULL;
CREATE INDEX images_newest ON images (repository, (coalesce(pushed_at, 0)), id)
  WHERE gone_at IS NULL AND kind = 'image';
-- All that coverage is counted from, so that no image itself is read for it; SQLite looks even at what is the same in all.
CREATE INDEX images_standing
  ON images (repository, watch, reason, ending, scan_state, storage, scanned_at, gone_at, kind)
  WHERE gone_at IS NULL AND kind = 'image' AND watch <> 0;
CREATE INDEX images_decided ON images (decision) WHERE gone_at IS NULL;
CREATE INDEX images_worst ON images (badness, id) WHERE gone_at IS NULL;
CREATE INDEX images_oldest_scan ON images ((coalesce(scanned_at, 0)), id) WHERE gone_at IS NULL;
CREATE INDEX images_digest ON images (digest);
CREATE INDEX images_gone ON images (gone_at) WHERE gone_at IS NOT NULL;
CREATE INDEX images_remembered ON images (repository)
  WHERE asked_at IS NOT NULL OR refused_at IS NOT NULL OR failed_at IS NOT NULL;

CREATE TABLE tags (
  image BIGINT NOT NULL REFERENCES images (id),
  name WORDS NOT NULL,
  since BIGINT NOT NULL,
  until BIGINT,
  PRIMARY KEY (image, name, since)
) CLUSTERED;
CREATE INDEX tags_name ON tags (name, image) WHERE until IS NULL;
CREATE INDEX tags_moved ON tags (until) WHERE until IS NOT NULL;

CREATE TABLE scans (
  id NUMBERED,
  image BIGINT NOT NULL REFERENCES images (id),
  -- When it was completed; when it was seen, where ECR does not say.
  at BIGINT NOT NULL,
  state WORDS NOT NULL,
  description WORDS,
  completed_at BIGINT,
  counts WORDS,
  findings BIGINT NOT NULL,
  appeared BIGINT NOT NULL,
  vanished BIGINT NOT NULL
);
CREATE INDEX scans_of_image ON scans (image, at, id);
CREATE INDEX scans_at ON scans (at, id);

CREATE TABLE vulnerabilities (
  id NUMBERED,
  name WORDS NOT NULL UNIQUE,
  severity BIGINT NOT NULL,
  description WORDS,
  links WORDS NOT NULL,
  first_seen BIGINT NOT NULL,
  -- What catalogues say of it: since which day it is listed as known exploited, by which day it is to be mended (days since
  -- 1970), and whether ransomware uses it; how likely it is to be exploited, in hundred thousandths, -1 if nobody says.
  listed_on BIGINT,
  due_on BIGINT,
  ransomware BIGINT NOT NULL DEFAULT 0,
  epss BIGINT NOT NULL DEFAULT -1,
  epss_percentile BIGINT NOT NULL DEFAULT -1
);
CREATE INDEX vulnerabilities_worst ON vulnerabilities (severity, id);
CREATE INDEX vulnerabilities_likeliest ON vulnerabilities (epss, id);
-- Few among many.
CREATE INDEX vulnerabilities_listed ON vulnerabilities (id) WHERE listed_on IS NOT NULL;

-- Catalogues of threats, as they were last read.
CREATE TABLE catalogues (
  kind WORDS PRIMARY KEY,
  source WORDS NOT NULL,
  -- By what the source tells whether it is still the same.
  mark WORDS,
  entries BIGINT NOT NULL,
  content BYTES NOT NULL,
  read_at BIGINT NOT NULL,
  -- Whether what it says was never taken over as a whole: as long as that is so, nothing of it is news.
  is_first BIGINT NOT NULL
);
-- The vulnerability of which it has become known that it is exploited, or is not, while that is taken over to lineages: up to
-- which image that was done, and whether it is news. There is one at most.
CREATE TABLE learning (
  vulnerability BIGINT NOT NULL,
  image BIGINT NOT NULL,
  is_news BIGINT NOT NULL
);

CREATE TABLE packages (
  id NUMBERED,
  name WORDS NOT NULL UNIQUE
);

-- Distinct findings, stored once over all images.
CREATE TABLE contents (
  id NUMBERED,
  hash BYTES NOT NULL UNIQUE,
  vulnerability BIGINT NOT NULL,
  -- 0 where the scanner names none.
  package BIGINT NOT NULL,
  version WORDS,
  fixed_in WORDS,
  manager WORDS,
  path WORDS,
  severity BIGINT NOT NULL,
  scores WORDS,
  exploit_known BIGINT,
  suppressed BIGINT NOT NULL,
  -- Whether all packages with this vulnerability count as one finding.
  grouped BIGINT NOT NULL
);
CREATE INDEX contents_of_vulnerability ON contents (vulnerability);
CREATE INDEX contents_of_package ON contents (package);

-- By whom findings are accepted.
CREATE TABLE acceptances (
  id NUMBERED,
  source WORDS NOT NULL,
  exception WORDS NOT NULL,
  reason WORDS NOT NULL,
  -- As severe as the exception accepts it, if it says so.
  severity WORDS,
  UNIQUE (source, exception, reason)
);

-- The large tables: no foreign keys, since each row of them would be looked up in four others.
CREATE TABLE image_findings (
  image BIGINT NOT NULL,
  content BIGINT NOT NULL,
  vulnerability BIGINT NOT NULL,
  accepted BIGINT,
  first_seen BIGINT NOT NULL,
  PRIMARY KEY (image, content)
) CLUSTERED;
CREATE INDEX image_findings_of_vulnerability ON image_findings (vulnerability, image);
-- Few among many.
CREATE INDEX image_findings_accepted ON image_findings (accepted) WHERE accepted IS NOT NULL;

CREATE TABLE lineages (
  id NUMBERED,
  repository BIGINT NOT NULL REFERENCES repositories (id),
  name WORDS NOT NULL,
  -- Empty where no index gives one.
  platform WORDS NOT NULL,
  -- The image that it stands at; none any more, since then.
  image BIGINT,
  ended_at BIGINT,
  -- The image whose findings it has followed, in which scan, and how they were judged.
  followed_image BIGINT,
  followed_scan BYTES,
  followed_content BYTES,
  UNIQUE (repository, name, platform)
);
CREATE INDEX lineages_image ON lineages (image);
CREATE INDEX lineages_followed ON lineages (followed_image);
CREATE INDEX lineages_name ON lineages (name);
-- Lineages that stand at an image and know the findings of another one: few.
CREATE INDEX lineages_behind ON lineages (id) WHERE image <> followed_image;
CREATE INDEX lineages_ended ON lineages (ended_at) WHERE ended_at IS NOT NULL;

CREATE TABLE lineage_findings (
  lineage BIGINT NOT NULL,
  vulnerability BIGINT NOT NULL,
  package BIGINT NOT NULL,
  state BIGINT NOT NULL,
  -- What it would be if nobody had accepted it; nothing where nobody has.
  beneath BIGINT,
  severity BIGINT NOT NULL,
  -- The severity turned round, so that an order of several columns goes one way and an index can be entered anywhere.
  rank BIGINT GENERATED ALWAYS AS (-severity) STORED,
  fixable BIGINT NOT NULL,
  -- 1: the scanner knows an exploit; 2: it is listed as known exploited; 3: both.
  exploited BIGINT NOT NULL,
  first_seen BIGINT NOT NULL,
  changed_at BIGINT NOT NULL,
  fixed_at BIGINT,
  PRIMARY KEY (lineage, vulnerability, package)
) CLUSTERED;
CREATE INDEX lineage_findings_worst
  ON lineage_findings (rank, first_seen, lineage, vulnerability, package) WHERE fixed_at IS NULL;
CREATE INDEX lineage_findings_oldest
  ON lineage_findings (first_seen, lineage, vulnerability, package) WHERE fixed_at IS NULL;
-- New, worsened and accepted ones: few among many.
CREATE INDEX lineage_findings_notable ON lineage_findings (state, lineage) WHERE state IN (0, 2, 4);
CREATE INDEX lineage_findings_exploited ON lineage_findings (rank, first_seen, lineage, vulnerability, package)
  WHERE exploited IN (1, 3) AND fixed_at IS NULL;
CREATE INDEX lineage_findings_listed ON lineage_findings (rank, first_seen, lineage, vulnerability, package)
  WHERE exploited IN (2, 3) AND fixed_at IS NULL;
-- Of those that were fixed there are as many as are kept: about as many as change in that time.
CREATE INDEX lineage_findings_fixed_worst ON lineage_findings (rank, first_seen, lineage, vulnerability, package)
  WHERE fixed_at IS NOT NULL;
CREATE INDEX lineage_findings_fixed_in_package ON lineage_findings (package, lineage) WHERE fixed_at IS NOT NULL;
CREATE INDEX lineage_findings_fixed ON lineage_findings (fixed_at) WHERE fixed_at IS NOT NULL;
-- Where a vulnerability is there, it is in an image, and found by that; where it is not any more, by this.
CREATE INDEX lineage_findings_fixed_of_vulnerability ON lineage_findings (vulnerability, lineage)
  WHERE fixed_at IS NOT NULL;

-- By whom findings were ever accepted along a lineage, and how severe each may be there: as the exception says, or as it was
-- at first; no severity: that has lapsed, since it got worse.
CREATE TABLE lineage_acceptances (
  lineage BIGINT NOT NULL,
  vulnerability BIGINT NOT NULL,
  package BIGINT NOT NULL,
  acceptance BIGINT NOT NULL,
  severity BIGINT,
  PRIMARY KEY (lineage, vulnerability, package, acceptance)
) CLUSTERED;
CREATE INDEX lineage_acceptances_of ON lineage_acceptances (acceptance);

-- What was new, worse or fixed along a lineage. What lies there unpublished is still to be told.
CREATE TABLE changes (
  id NUMBERED,
  at BIGINT NOT NULL,
  pass BIGINT,
  repository BIGINT NOT NULL,
  lineage BIGINT NOT NULL,
  -- The image, which may be forgotten sooner.
  digest BYTES NOT NULL,
  vulnerability BIGINT NOT NULL,
  package BIGINT NOT NULL,
  kind WORDS NOT NULL,
  severity BIGINT NOT NULL,
  -- What is worse than before, of something that is.
  severity_before BIGINT,
  exploit_became_known BIGINT NOT NULL,
  became_known_exploited BIGINT NOT NULL,
  fix_appeared BIGINT NOT NULL,
  accepted_before WORDS,
  published_at BIGINT
);
CREATE INDEX changes_at ON changes (at, id);
CREATE INDEX changes_of_lineage ON changes (lineage, at, id);
CREATE INDEX changes_of_pass ON changes (pass) WHERE pass IS NOT NULL;
CREATE INDEX changes_unpublished ON changes (id) WHERE published_at IS NULL;

CREATE TABLE passes (
  number NUMBERED,
  id WORDS NOT NULL UNIQUE,
  schedule WORDS NOT NULL,
  tick BIGINT,
  cause WORDS NOT NULL,
  began_at BIGINT NOT NULL,
  ended_at BIGINT,
  outcome WORDS,
  resumed BIGINT NOT NULL DEFAULT 0,
  request WORDS,
  report WORDS
);
CREATE INDEX passes_unfinished ON passes (number) WHERE ended_at IS NULL;
CREATE INDEX passes_of_schedule ON passes (schedule, tick);

-- The images of which a pass did or could not do something. Those that rest are only counted, in pass_counts.
CREATE TABLE pass_images (
  pass BIGINT NOT NULL,
  image BIGINT NOT NULL,
  decision WORDS NOT NULL,
  reason WORDS,
  detail WORDS,
  next_at BIGINT,
  ending WORDS,
  said WORDS,
  PRIMARY KEY (pass, image)
) CLUSTERED;
CREATE TABLE pass_counts (
  pass BIGINT NOT NULL,
  decision WORDS NOT NULL,
  reason WORDS NOT NULL,
  images BIGINT NOT NULL,
  PRIMARY KEY (pass, decision, reason)
) CLUSTERED;

CREATE TABLE trend (
  repository BIGINT NOT NULL,
  -- Days since 1970.
  day BIGINT NOT NULL,
  severity BIGINT NOT NULL,
  open BIGINT NOT NULL,
  appeared BIGINT NOT NULL,
  fixed BIGINT NOT NULL,
  PRIMARY KEY (repository, day, severity)
) CLUSTERED;
CREATE INDEX trend_day ON trend (day);

-- Since when each schedule is known with its expression.
CREATE TABLE schedules (
  name WORDS PRIMARY KEY,
  expression WORDS NOT NULL,
  since BIGINT NOT NULL
);

CREATE TABLE scan_configs (
  id WORDS PRIMARY KEY,
  created BIGINT NOT NULL,
  body WORDS NOT NULL
);

CREATE TABLE exceptions (
  number NUMBERED,
  id WORDS NOT NULL UNIQUE,
  vulnerability WORDS NOT NULL,
  package WORDS,
  repository WORDS,
  tag WORDS,
  digest WORDS,
  -- As severe as it accepts it.
  severity WORDS,
  reason WORDS NOT NULL,
  author WORDS NOT NULL,
  created_at BIGINT NOT NULL,
  -- The last day, such as 2026-12-31.
  until WORDS,
  ended_at BIGINT,
  -- Whether it was noted that its last day is over.
  expired BIGINT NOT NULL DEFAULT 0,
  -- The image up to which all were judged anew since it was made or ended; nothing: all were.
  judged_to BIGINT
);

-- What is known of exceptions beside what they say: those that are kept here, and those of the settings.
CREATE TABLE watched_exceptions (
  exception WORDS PRIMARY KEY,
  first_seen BIGINT NOT NULL,
  -- When it last was seen to accept anything.
  last_matched_at BIGINT,
  -- The last day for which people were warned.
  warned_until WORDS,
  -- When it was noted that nothing matches it, if nothing did since.
  idle_at BIGINT,
  -- When it last was in force.
  seen_at BIGINT NOT NULL
);

-- What people should know of exceptions.
CREATE TABLE exception_notices (
  id NUMBERED,
  at BIGINT NOT NULL,
  exception WORDS NOT NULL,
  news WORDS NOT NULL,
  published_at BIGINT
);
CREATE INDEX exception_notices_at ON exception_notices (at);
CREATE INDEX exception_notices_unpublished ON exception_notices (id) WHERE published_at IS NULL;

-- Images that ECR failed to scan, each time that it began to.
CREATE TABLE failures (
  id NUMBERED,
  at BIGINT NOT NULL,
  image BIGINT NOT NULL,
  state WORDS NOT NULL,
  description WORDS,
  published_at BIGINT,
  -- When a scan of the image succeeded again.
  over_at BIGINT
);
CREATE INDEX failures_unpublished ON failures (id) WHERE published_at IS NULL;
CREATE INDEX failures_at ON failures (at);
CREATE INDEX failures_of ON failures (image) WHERE over_at IS NULL;

-- Messages on their way, each to one sink. A delivered one is kept for a while, one that was given up for longer.
CREATE TABLE parcels (
  number NUMBERED,
  id WORDS NOT NULL UNIQUE,
  route WORDS NOT NULL,
  sink WORDS NOT NULL,
  -- Since when it is to be delivered: for one that tells all of a period at once, the end of the period.
  since BIGINT NOT NULL,
  rounds_up BIGINT NOT NULL,
  -- Whether it was handed out to be delivered: nothing joins it any more.
  closed BIGINT NOT NULL DEFAULT 0,
  -- How much its messages say, in characters.
  size BIGINT NOT NULL DEFAULT 0,
  due_at BIGINT NOT NULL,
  attempts BIGINT NOT NULL,
  reached WORDS,
  failure WORDS,
  delivered_at BIGINT,
  dead_at BIGINT
);
CREATE INDEX parcels_due ON parcels (sink, due_at, number) WHERE delivered_at IS NULL AND dead_at IS NULL;
CREATE INDEX parcels_undelivered ON parcels (sink) WHERE delivered_at IS NULL;
CREATE INDEX parcels_delivered ON parcels (delivered_at) WHERE delivered_at IS NOT NULL;
CREATE INDEX parcels_dead ON parcels (dead_at) WHERE dead_at IS NOT NULL;

-- Of how many images each route has told a vulnerability lately: what comes in many is told together.
CREATE TABLE tides (
  route WORDS NOT NULL,
  vulnerability WORDS NOT NULL,
  since BIGINT NOT NULL,
  images BIGINT NOT NULL,
  PRIMARY KEY (route, vulnerability)
) CLUSTERED;

-- What the messages say: one, or all of a period.
CREATE TABLE parcel_messages (
  parcel BIGINT NOT NULL,
  place BIGINT NOT NULL,
  at BIGINT NOT NULL,
  message WORDS NOT NULL,
  PRIMARY KEY (parcel, place)
) CLUSTERED;
