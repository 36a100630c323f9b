-- sync_advance: how far a sync has come; what it could not acknowledge is pending.
-- params: $sync_id, $basis, $watermark and $memberships_watermark (NULL: stay, unless it is one of others than before, which
--         $profiles_basis and $memberships_basis tell), $started (when its run began), $now
UPDATE store.sync
SET basis = $basis, backfilled_at = coalesce(backfilled_at, $now), backfilling = false, ran_at = $started,
    watermark = coalesce($watermark, CASE WHEN profiles_basis IS NOT DISTINCT FROM $profiles_basis THEN watermark END),
    profiles_basis = $profiles_basis,
    memberships_watermark = coalesce($memberships_watermark,
        CASE WHEN memberships_basis IS NOT DISTINCT FROM $memberships_basis THEN memberships_watermark END),
    memberships_basis = $memberships_basis
WHERE sync_id = $sync_id
