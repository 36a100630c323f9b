-- sync_advance: how far a sync has come; what it could not acknowledge is pending.
-- params: $sync_id, $basis, $watermark (NULL: stay), $memberships_basis, $memberships_watermark (NULL: stay, unless they
--         are other memberships than before), $now
UPDATE store.sync
SET basis = $basis, watermark = coalesce($watermark, watermark), backfilled_at = coalesce(backfilled_at, $now), backfilling = false,
    memberships_watermark = coalesce($memberships_watermark,
        CASE WHEN memberships_basis IS NOT DISTINCT FROM $memberships_basis THEN memberships_watermark END),
    memberships_basis = $memberships_basis
WHERE sync_id = $sync_id
