-- room_table: what takes the room in the store's file. Small segments share a block; each ends where the next begins.
-- template: tables
-- params  : $block_size
-- returns : name VARCHAR, rows BIGINT, bytes BIGINT
-- grain   : one row a table, the largest first
WITH segment AS (
    {% for table in tables %}
    SELECT DISTINCT {{ table | text }} AS name, block_id, block_offset, additional_block_ids
    FROM pragma_storage_info({{ ("store." ~ table) | text }})
    WHERE persistent AND block_id >= 0
    {{ "UNION ALL" if not loop.last }}
    {% endfor %}
), sized AS (
    SELECT name, len(additional_block_ids) * $block_size
        + coalesce(lead(block_offset) OVER (PARTITION BY block_id ORDER BY block_offset), $block_size) - block_offset AS bytes
    FROM segment
), counted AS (
    {% for table in tables %}
    SELECT {{ table | text }} AS name, count(*) AS rows FROM store.{{ table | name }}
    {{ "UNION ALL" if not loop.last }}
    {% endfor %}
)
SELECT name, any_value(rows) AS rows, coalesce(sum(bytes), 0)::BIGINT AS bytes
FROM counted LEFT JOIN sized USING (name)
GROUP BY name
ORDER BY bytes DESC, name
