-- sync_advance: how far a sync has come; what it could not acknowledge is pending.
-- params: $sync_id, $basis, $watermark (NULL: stay), $now
UPDATE store.sync
SET basis = $basis, watermark = coalesce($watermark, watermark), backfilled_at = coalesce(backfilled_at, $now)
WHERE sync_id = $sync_id
