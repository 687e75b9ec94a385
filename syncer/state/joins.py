"""The SQL of a survey: what is staged, what is joined, what is found.

A *newcomer* is a staged line without a link. A link *holds* its match on a side where its line lives, and is *vacant*
on a side where its line is gone or severed while the other lives. A link whose lines are both gone holds nothing: who
has its match values then is new.
"""

from typing import LiteralString

MOST_OTHERS = 10
"""Of many lines that share their match values, no more than this are named."""

OPEN: tuple[LiteralString, ...] = (
    "DROP TABLE IF EXISTS staged, survey_link, survey_newcomer, survey_case",
    """
    CREATE TEMPORARY TABLE staged (
      side smallint NOT NULL, link bigint, line text COLLATE "C", print bytea, match bytea, version bytea
    )
    """,
)

STAGE: LiteralString = """
INSERT INTO staged (side, link, line, print, match, version)
SELECT %(side)s, link, line, substr(%(prints)s, print, print_length), substr(%(matches)s, match, match_length),
  substr(%(versions)s, version, version_length)
FROM ROWS FROM (
  unnest(CAST(%(lines)s AS text[])), unnest(CAST(%(links)s AS bigint[])),
  unnest(CAST(%(print_starts)s AS int[])), unnest(CAST(%(print_lengths)s AS int[])),
  unnest(CAST(%(match_starts)s AS int[])), unnest(CAST(%(match_lengths)s AS int[])),
  unnest(CAST(%(version_starts)s AS int[])), unnest(CAST(%(version_lengths)s AS int[]))
) AS listed (line, link, print, print_length, match, match_length, version, version_length)
"""

# Of a linked line that is as it was nothing is staged but its link. Each line's link is looked up by itself: a table
# that was filled a moment ago has no statistics, and a plan made without them would read all links for every page.
SIFT: LiteralString = """
WITH page AS (
  SELECT line, place, substr(%(prints)s, (place::int - 1) * 16 + 1, 16) AS print
  FROM unnest(CAST(%(lines)s AS text[])) WITH ORDINALITY AS listed (line, place)
), found AS (
  SELECT p.place, l.id, l.layout = %(layout)s AND l.print = p.print AS same
  FROM page p LEFT JOIN LATERAL (
    SELECT id, layout, {print} AS print FROM syncer_state.link WHERE mapping = %(mapping)s AND {line} = p.line LIMIT 1
  ) l ON true
), kept AS (
  INSERT INTO staged (side, link) SELECT %(side)s, id FROM found WHERE same
)
SELECT place, id FROM found WHERE same IS NOT TRUE
"""

STAGE_SAME: LiteralString = "INSERT INTO staged (side, link) SELECT %s, unnest(CAST(%s AS bigint[]))"

UNSTAGED: LiteralString = """
SELECT l.id, l.{line} FROM syncer_state.link l
WHERE l.mapping = %(mapping)s AND l.id > %(after)s AND l.{line} IS NOT NULL AND l.severed IS DISTINCT FROM %(side)s
  AND NOT EXISTS (SELECT FROM staged s WHERE s.side = %(side)s AND s.link = l.id)
ORDER BY l.id LIMIT %(limit)s
"""

# How many lines each side has, how many of them were staged before, and how many are new or changed. A linked line is
# known by its link.
COUNT_STAGED: LiteralString = """
SELECT side, count(*), count(link) - count(DISTINCT link)
  + count(*) FILTER (WHERE link IS NULL) - count(DISTINCT line) FILTER (WHERE link IS NULL),
  count(*) FILTER (WHERE link IS NULL OR version IS NOT NULL)
FROM staged GROUP BY side
"""

DROP_REPEATED: LiteralString = """
DELETE FROM staged s USING (
  SELECT side, link, max(ctid) AS last, CASE WHEN link IS NULL THEN line END AS line
  FROM staged GROUP BY 1, 2, 4 HAVING count(*) > 1
) repeated
WHERE s.side = repeated.side AND s.ctid <> repeated.last
  AND (s.link = repeated.link OR (s.link IS NULL AND s.line = repeated.line))
"""

# Where a line lies in `staged` (ctid) is its address in the tables below: rows never move, for nothing updates them.

_LINKS: LiteralString = """
CREATE TEMPORARY TABLE survey_link AS
SELECT * FROM (
  SELECT l.id, l.match,
    f.ctid AS feishu_at, d.ctid AS database_at, (f.version IS NOT NULL OR d.version IS NOT NULL) AS changed,
    CASE WHEN f.link IS NOT NULL THEN 'read'
         WHEN l.severed = 1 THEN NULL
         WHEN l.record = ANY(CAST(%(feishu_overtaken)s AS text[])) THEN 'unchanged'
         WHEN %(feishu_unread)s AND NOT coalesce(l.record = ANY(CAST(%(feishu_gone)s AS text[])), false)
         THEN 'unchanged' ELSE 'gone' END AS feishu,
    CASE WHEN d.link IS NOT NULL THEN 'read'
         WHEN l.severed = 2 THEN NULL
         WHEN l.key = ANY(CAST(%(database_overtaken)s AS text[])) THEN 'unchanged'
         WHEN %(database_unread)s AND NOT coalesce(l.key = ANY(CAST(%(database_gone)s AS text[])), false)
         THEN 'unchanged' ELSE 'gone' END AS database
  FROM syncer_state.link l
  LEFT JOIN staged f ON f.link = l.id AND f.side = 1
  LEFT JOIN staged d ON d.link = l.id AND d.side = 2
  WHERE l.mapping = %(mapping)s
) looked
WHERE changed OR feishu IS NULL OR database IS NULL OR feishu = 'gone' OR database = 'gone'
"""

_NEWCOMERS: LiteralString = """
CREATE TEMPORARY TABLE survey_newcomer AS
WITH newcomer AS (
  SELECT ctid AS place, side, match FROM staged WHERE link IS NULL
), crowd AS (
  SELECT match, count(*) FILTER (WHERE side = 1) AS feishu, count(*) FILTER (WHERE side = 2) AS database
  FROM newcomer WHERE match IS NOT NULL GROUP BY match
), holder AS (
  SELECT l.match, l.id, l.record, l.key, l.severed,
    coalesce(x.feishu, CASE WHEN x.id IS NULL THEN 'unchanged' END, 'gone') <> 'gone' AS feishu_lives,
    coalesce(x.database, CASE WHEN x.id IS NULL THEN 'unchanged' END, 'gone') <> 'gone' AS database_lives
  FROM crowd c
  JOIN syncer_state.link l ON l.mapping = %(mapping)s AND l.match = c.match
  LEFT JOIN survey_link x ON x.id = l.id
), held AS (
  SELECT match,
    (array_agg(id ORDER BY severed IS NOT NULL, id) FILTER (WHERE NOT feishu_lives))[1] AS feishu_vacant,
    (array_agg(id ORDER BY severed IS NOT NULL, id) FILTER (WHERE NOT database_lives))[1] AS database_vacant,
    (array_agg(record ORDER BY id) FILTER (WHERE feishu_lives))[1] AS feishu_rival,
    (array_agg(key ORDER BY id) FILTER (WHERE database_lives))[1] AS database_rival
  FROM holder WHERE feishu_lives OR database_lives GROUP BY match
), judged AS (
  SELECT n.place, n.side, n.match,
    CASE n.side WHEN 1 THEN c.feishu ELSE c.database END AS here,
    CASE n.side WHEN 1 THEN c.database ELSE c.feishu END AS there,
    CASE n.side WHEN 1 THEN h.feishu_vacant ELSE h.database_vacant END AS vacant,
    CASE n.side WHEN 1 THEN h.feishu_rival ELSE h.database_rival END AS rival
  FROM newcomer n LEFT JOIN crowd c USING (match) LEFT JOIN held h USING (match)
)
SELECT place, side, match, here,
  CASE WHEN here = 1 THEN vacant END AS vacant,
  CASE WHEN vacant IS NULL THEN rival END AS rival,
  CASE WHEN vacant IS NOT NULL AND here = 1 THEN 'moved'
       WHEN vacant IS NULL AND rival IS NOT NULL THEN 'rival'
       WHEN here > 1 OR there > 1 THEN 'duplicate'
       WHEN there = 1 THEN 'pair'
       ELSE 'fresh' END AS finding
FROM judged
"""

_CASES: LiteralString = """
CREATE TEMPORARY TABLE survey_case (
  kind text NOT NULL, at bigint GENERATED ALWAYS AS IDENTITY, link bigint, feishu_at tid, database_at tid,
  feishu text, database text, match bytea, others text[]
)
"""

_CHANGED: LiteralString = """
INSERT INTO survey_case (kind, link, feishu_at, database_at, feishu, database, match)
SELECT 'changed', id, feishu_at, database_at, feishu, database, match
FROM survey_link x
WHERE (changed OR feishu = 'gone' OR database = 'gone')
  AND NOT EXISTS (SELECT FROM survey_newcomer n WHERE n.vacant = x.id)
ORDER BY id
"""

_MOVED: LiteralString = """
INSERT INTO survey_case (kind, link, feishu_at, database_at, feishu, database, match)
SELECT 'moved', x.id,
  CASE n.side WHEN 1 THEN n.place ELSE x.feishu_at END, CASE n.side WHEN 2 THEN n.place ELSE x.database_at END,
  x.feishu, x.database, n.match
FROM survey_newcomer n JOIN survey_link x ON x.id = n.vacant
ORDER BY x.id
"""

_PAIRS: LiteralString = """
INSERT INTO survey_case (kind, feishu_at, database_at, match)
SELECT 'pair', f.place, d.place, f.match
FROM survey_newcomer f JOIN survey_newcomer d ON d.match = f.match AND d.side = 2 AND d.finding = 'pair'
WHERE f.side = 1 AND f.finding = 'pair'
ORDER BY f.place
"""

# A lone line that meets duplicates on the other side names those; a duplicate names its likes on its own side.
_DUPLICATES: LiteralString = """
WITH named AS (
  SELECT n.match, n.side, (array_agg(s.line ORDER BY n.place))[:%(others)s + 1] AS lines
  FROM survey_newcomer n JOIN staged s ON s.ctid = n.place
  WHERE n.finding = 'duplicate' GROUP BY n.match, n.side
)
INSERT INTO survey_case (kind, feishu_at, database_at, match, others)
SELECT 'duplicate', CASE n.side WHEN 1 THEN n.place END, CASE n.side WHEN 2 THEN n.place END, n.match,
  (array_remove(k.lines, s.line))[:%(others)s]
FROM survey_newcomer n
JOIN staged s ON s.ctid = n.place
JOIN named k ON k.match = n.match AND k.side = CASE WHEN n.here > 1 THEN n.side ELSE 3 - n.side END
WHERE n.finding = 'duplicate'
ORDER BY n.match, n.side, n.place
"""

_RIVALS: LiteralString = """
INSERT INTO survey_case (kind, feishu_at, database_at, match, others)
SELECT 'rival', CASE side WHEN 1 THEN place END, CASE side WHEN 2 THEN place END, match, ARRAY[rival]
FROM survey_newcomer WHERE finding = 'rival'
ORDER BY place
"""

_FRESH: LiteralString = """
INSERT INTO survey_case (kind, feishu_at, database_at, match)
SELECT 'fresh', CASE side WHEN 1 THEN place END, CASE side WHEN 2 THEN place END, match
FROM survey_newcomer WHERE finding = 'fresh'
ORDER BY place
"""

_SEAL: LiteralString = "ALTER TABLE survey_case ADD PRIMARY KEY (kind, at)"

CLOSE: tuple[LiteralString, ...] = (
    "SET LOCAL default_statistics_target = 10",  # a few thousand lines tell as much as thirty thousand
    "ANALYZE staged (side, link, match)",
    _LINKS,
    "ANALYZE survey_link",
    _NEWCOMERS,
    "ANALYZE survey_newcomer",
    _CASES,
    *(_CHANGED, _MOVED, _PAIRS, _DUPLICATES, _RIVALS, _FRESH),
    _SEAL,
)
"""The statements of ``close``, in order; they take ``mapping``, ``others`` and, by side, unread, gone and overtaken."""

# Of lines of one side, where no line is linked.
COUNT_MATCHES: LiteralString = """
SELECT count(*), coalesce(sum(times), 0)::bigint FROM (
  SELECT count(*) AS times FROM staged WHERE match IS NOT NULL GROUP BY match
) shared
"""

_ALL_FRESH: LiteralString = """
INSERT INTO survey_case (kind, feishu_at, database_at, match)
SELECT 'fresh', CASE side WHEN 1 THEN ctid END, CASE side WHEN 2 THEN ctid END, match FROM staged
ORDER BY ctid
"""

CLOSE_FRESH: tuple[LiteralString, ...] = (_CASES, _ALL_FRESH, _SEAL)
"""The same where nothing is linked, one side has no line at all, and no two lines of the other share a match."""

CLOSE_QUIET: tuple[LiteralString, ...] = (_CASES, _SEAL)
"""The same where every line of every link was read and is as it was, and nothing else was: there is no case at all."""

# What was dealt with since it was staged is as its link says by now; without a link there is nothing left of it to do.
OVERTAKE: LiteralString = """
WITH linked AS (
  SELECT id, {line} AS line FROM syncer_state.link
  WHERE mapping = %(mapping)s AND {line} = ANY(CAST(%(lines)s AS text[]))
), past AS (
  DELETE FROM staged s USING unnest(CAST(%(lines)s AS text[])) AS o (line)
  WHERE s.side = %(side)s AND s.line = o.line AND NOT EXISTS (SELECT FROM linked l WHERE l.line = o.line)
)
UPDATE staged s SET link = l.id, version = NULL, match = NULL FROM linked l
WHERE s.side = %(side)s AND (s.link = l.id OR (s.link IS NULL AND s.line = l.line))
"""

NEWCOMERS: LiteralString = """
SELECT line, print, match, version FROM staged
WHERE side = %(side)s AND link IS NULL AND match IS NOT NULL LIMIT %(limit)s
"""

PAGE: LiteralString = """
SELECT at, link, feishu_at::text, database_at::text, feishu, database, match, others
FROM survey_case WHERE kind = %(kind)s AND at > %(after)s ORDER BY at LIMIT %(limit)s
"""

FRESH: LiteralString = """
SELECT c.at, s.side, s.line, s.print, s.match, s.version
FROM survey_case c JOIN staged s ON s.ctid = coalesce(c.feishu_at, c.database_at)
WHERE c.kind = 'fresh' AND c.at > %(after)s ORDER BY c.at LIMIT %(limit)s
"""

FRESH_OF: LiteralString = """
SELECT c.at, s.side, s.line, s.print, s.match, s.version
FROM staged s JOIN survey_case c ON s.ctid = coalesce(c.feishu_at, c.database_at)
WHERE s.side = %(side)s AND s.line = ANY(CAST(%(lines)s AS text[])) AND c.kind = 'fresh' ORDER BY c.at
"""

READ: LiteralString = """
SELECT ctid::text, side, line, print, match, version FROM staged WHERE ctid = ANY(CAST(%(places)s AS tid[]))
"""

COUNT_GONE: LiteralString = """
SELECT count(*) FILTER (WHERE feishu = 'gone'), count(*) FILTER (WHERE database = 'gone')
FROM survey_case WHERE kind = 'changed'
"""

COUNT_LINKS: LiteralString = """
SELECT count(*) FILTER (WHERE severed IS NULL), count(*) FILTER (WHERE severed IS NOT NULL)
FROM syncer_state.link WHERE mapping = %(mapping)s
"""
