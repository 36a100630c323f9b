-- sync_find: what the store knows of a sync; its state belongs to one object. A new one gets the next number.
-- params : $name, $object
-- returns: sync_id, basis, watermark, profiles_basis, backfilled, backfilling, memberships_watermark, memberships_basis
-- grain  : one row
WITH place AS (
    {% include "sync_place.sql" %}
)
SELECT coalesce(place.sync_id, next.sync_id) AS sync_id, basis, watermark, profiles_basis, backfilled_at IS NOT NULL AS backfilled,
    coalesce(backfilling, false) AS backfilling, memberships_watermark, memberships_basis
FROM (SELECT coalesce(max(sync_id), 0) + 1 AS sync_id FROM store.sync) AS next
LEFT JOIN place ON true
