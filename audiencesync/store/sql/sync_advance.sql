-- sync_advance: how far a sync has come; the watermark moves only with the acknowledged state.
-- params: $sync_id, $basis, $watermark (NULL: stay), $backfilled BOOLEAN, $now
UPDATE store.sync
SET basis = $basis,
    watermark = coalesce($watermark, watermark),
    backfilled_at = CASE WHEN $backfilled THEN coalesce(backfilled_at, $now) ELSE backfilled_at END
WHERE sync_id = $sync_id
