-- bulk_file: the CSV of one Bulk job. Left alone: empty; cleared: #N/A; set: the value.
-- template: batch_id, path, key (Id or the match field), by_id (rows are found by their Id), fields (besides the key)
-- writes  : the file, one row an outbox row
COPY (
    SELECT {% if by_id %}salesforce_id{% else %}match_value{% endif %} AS {{ key | name }}
    {% for field in fields %}
        , CASE WHEN map_contains(changed, {{ field | text }}) THEN changed[{{ field | text }}]."after" ELSE '' END AS {{ field | name }}
    {% endfor %}
    FROM store.outbox
    WHERE batch_id = {{ batch_id }}
    ORDER BY seq
) TO {{ path | text }} (FORMAT csv, HEADER, NULLSTR '#N/A', QUOTE '"', ESCAPE '"')
