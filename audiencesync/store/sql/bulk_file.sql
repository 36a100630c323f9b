-- bulk_file: the CSV of one Bulk job. Left alone: empty; cleared: #N/A; set: the value. A new record has nothing to clear.
-- template: batch_id, path, key (Id, the match field, or nothing for new records), fields (besides the key), shape (JSON:
--           their names and types), sorted (the rows lie in the order they travel)
-- writes  : the file, one row an outbox row
COPY (
    SELECT {% if key == 'Id' %}salesforce_id AS "Id",{% elif key %}match_value AS {{ key | name }},{% endif %}

    {% for field in fields %}
        {{ ", " if not loop.first }}{% if key %}CASE WHEN told.{{ field | name }} IS NULL AND NOT json_exists("after", {{ field | path | text }}) THEN '' ELSE told.{{ field | name }} END{% else %}coalesce(told.{{ field | name }}, ''){% endif %} AS {{ field | name }}
    {% endfor %}
    FROM (
        SELECT seq, salesforce_id, match_value, "after", {{ "from_json(\"after\", " ~ (shape | text) ~ ") AS told" if fields else "NULL AS told" }}
        FROM store.outbox
        WHERE batch_id = {{ batch_id }}
    )
    {{ "ORDER BY seq" if not sorted }}
) TO {{ path | text }} (FORMAT csv, HEADER, NULLSTR '#N/A', QUOTE '"', ESCAPE '"')
