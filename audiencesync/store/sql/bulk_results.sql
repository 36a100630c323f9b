-- bulk_results: the result files of one Bulk job, joined to what was sent by the key column, never by position.
-- template: batch_id, success, failed (paths), key (column), by_id
-- makes   : stage_result(seq, accepted, salesforce_id, created, error_code, error_message)
-- grain   : one row an answered outbox row
CREATE OR REPLACE TEMP TABLE stage_result AS
WITH answer AS (
    SELECT {{ key | name }} AS key, true AS accepted, "sf__Id" AS salesforce_id, lower("sf__Created") = 'true' AS created,
        NULL AS error
    FROM read_csv({{ success | text }}, header = true, all_varchar = true, quote = '"', escape = '"', delim = ',', parallel = false, max_line_size = 16777216)
    UNION ALL
    SELECT {{ key | name }}, false, nullif("sf__Id", ''), NULL, "sf__Error"
    FROM read_csv({{ failed | text }}, header = true, all_varchar = true, quote = '"', escape = '"', delim = ',', parallel = false, max_line_size = 16777216)
)
SELECT outbox.seq, answer.accepted, answer.salesforce_id, answer.created,
    regexp_extract(answer.error, '^([A-Z_0-9]+)', 1) AS error_code,
    trim(regexp_extract(answer.error, '^[A-Z_0-9]+:(.*?)(:[^:]*)?--\s*$', 1, 's')) AS error_message
FROM answer
JOIN store.outbox AS outbox
  ON outbox.batch_id = {{ batch_id }}
 AND {% if by_id %}left(outbox.salesforce_id, 15) = left(answer.key, 15){% else %}outbox.match_value = answer.key{% endif %}
