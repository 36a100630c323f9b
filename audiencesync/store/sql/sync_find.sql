-- sync_find: what the store knows of a sync; its state belongs to one object. A new one gets the next number.
-- params : $name, $object
-- returns: sync_id, basis, watermark, profiles_basis, backfilled, backfilling, memberships_watermark, memberships_basis
-- grain  : one row
SELECT
    coalesce(max(sync_id) FILTER (name = $name AND object = $object), coalesce(max(sync_id), 0) + 1) AS sync_id,
    max(basis) FILTER (name = $name AND object = $object) AS basis,
    max(watermark) FILTER (name = $name AND object = $object) AS watermark,
    max(profiles_basis) FILTER (name = $name AND object = $object) AS profiles_basis,
    coalesce(bool_or(backfilled_at IS NOT NULL) FILTER (name = $name AND object = $object), false) AS backfilled,
    coalesce(bool_or(backfilling) FILTER (name = $name AND object = $object), false) AS backfilling,
    max(memberships_watermark) FILTER (name = $name AND object = $object) AS memberships_watermark,
    max(memberships_basis) FILTER (name = $name AND object = $object) AS memberships_basis
FROM store.sync
