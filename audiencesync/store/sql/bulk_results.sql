-- bulk_results: the result files of one Bulk job, joined to what was sent by the key column, never by position.
--               New records have no key: rows of one content are alike, and each takes one of the answers for it.
-- template: batch_id, success, failed (paths), key (column, or nothing), fields (the other columns), shape (JSON: their
--           names and types)
-- makes   : stage_result(seq, accepted, salesforce_id, created, error_code, error_message)
-- grain   : one row an answered outbox row
CREATE OR REPLACE TEMP TABLE stage_result AS
{% set reading = "header = true, all_varchar = true, quote = '\"', escape = '\"', delim = ',', parallel = false, max_line_size = 16777216" %}
{% set columns = "COLUMNS(lambda name: name IN ('sf__Id', 'sf__Created', 'sf__Error', " ~ (key | text) ~ "))" if key else "*" %}
WITH answer AS (
    SELECT {{ columns }}, true AS accepted FROM read_csv({{ success | text }}, {{ reading }})
    UNION ALL BY NAME
    SELECT {{ columns }}, false AS accepted FROM read_csv({{ failed | text }}, {{ reading }})
), told AS (
    SELECT accepted, nullif("sf__Id", '') AS salesforce_id,
        CASE WHEN accepted THEN lower("sf__Created") = 'true' END AS created,
        -- CODE:message:fields--, or InvalidBatch : message; a word without a second capital is none, and may be anybody's
        regexp_extract("sf__Error", '(?s)^\s*(([A-Z]\w*[A-Z_]\w*)\s*:)?(.*)', ['begin', 'code', 'rest']) AS error,
    {% if key %}
        {{ key | name }} AS key, 1 AS twin
    {% else %}
        [{% for field in fields %}coalesce({{ field | name }}, ''){{ ", " if not loop.last }}{% endfor %}] AS key,
        row_number() OVER (PARTITION BY key ORDER BY salesforce_id) AS twin
    {% endif %}
    FROM answer
), sent AS (
    SELECT seq,
    {% if key == 'Id' %}
        left(salesforce_id, 15) AS key, 1 AS twin
    {% elif key %}
        match_value AS key, 1 AS twin
    {% else %}
        [{% for field in fields %}coalesce(told.{{ field | name }}, ''){{ ", " if not loop.last }}{% endfor %}] AS key,
        row_number() OVER (PARTITION BY key ORDER BY seq) AS twin
    {% endif %}
    FROM (SELECT *, {{ "from_json(\"after\", " ~ (shape | text) ~ ") AS told" if fields and not key else "NULL AS told" }} FROM store.outbox)
    WHERE batch_id = {{ batch_id }}
)
SELECT sent.seq, told.accepted, told.salesforce_id, told.created,
    CASE WHEN NOT told.accepted THEN coalesce(nullif(upper(told.error.code), ''), 'UNKNOWN_ERROR') END AS error_code,
    trim(regexp_replace(told.error.rest, '(:\s*([A-Za-z][\w.]*(,\s*[A-Za-z][\w.]*)*)?)?\s*--\s*$', '')) AS error_message
FROM told
JOIN sent ON sent.twin = told.twin AND sent.key = {% if key == 'Id' %}left(told.key, 15){% else %}told.key{% endif %}

