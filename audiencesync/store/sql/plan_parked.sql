-- plan_parked: which parked rows stay parked. A row is free when it is not as it was when it was parked, or would be
--              written under other terms; one that was refused for a match value or record of another member, also when
--              that member lets go of it (a value that Salesforce refused belongs to a record, also when its member has
--              left); one that had no record, also after a while.
-- params  : $sync_id, $everything BOOLEAN (all are free), $terms (how rows are written now), $stale (who had no record
--           before then is looked up again)
-- template: words, scoped (look only at stage_scope)
-- reads   : store.parked, plan_candidate, store.record, store.acknowledged
-- makes   : plan_parked(profile_key, held BOOLEAN)
-- grain   : one row a parked profile of the scope
CREATE OR REPLACE TEMP TABLE plan_parked AS
WITH parked AS (
    FROM store.parked
    {% if scoped %}SEMI JOIN stage_scope USING (profile_key){% endif %}

    WHERE sync_id = $sync_id
), same AS (
    SELECT parked.profile_key, parked.claim, parked.error_code
    FROM parked JOIN plan_candidate AS candidate ON candidate.profile_key = parked.profile_key
    WHERE NOT $everything AND parked.terms = $terms AND candidate.parked_hash IS NOT DISTINCT FROM parked.row_hash
      AND NOT (parked.error_code = 'NO_RECORD' AND parked.parked_at <= $stale)
    {% for word in words %}
      AND candidate.mask_{{ word }} = parked.mask_{{ word }}
    {% endfor %}
), contested AS (
    SELECT same.profile_key, same.error_code, record.profile_key AS holder
    FROM same JOIN store.record AS record ON record.match_key = same.claim
    WHERE record.sync_id = $sync_id AND record.match_hash IN (SELECT sf_key_hash(claim) FROM same)
    UNION ALL
    SELECT same.profile_key, same.error_code, record.profile_key
    FROM same JOIN store.record AS record ON left(record.salesforce_id, 15) = same.claim
    WHERE record.sync_id = $sync_id
), held AS (
    SELECT profile_key FROM same WHERE claim IS NULL
    UNION
    SELECT contested.profile_key
    FROM contested
    LEFT JOIN (
        FROM store.acknowledged WHERE sync_id = $sync_id AND key_hash IN (SELECT sf_key_hash(holder) FROM contested)
    ) AS state ON state.profile_key = contested.holder
    ANTI JOIN (FROM plan_candidate ANTI JOIN same USING (profile_key)) AS moving ON moving.profile_key = contested.holder
    WHERE contested.holder <> contested.profile_key
      AND (state.profile_key IS NOT NULL OR contested.error_code = 'DUPLICATE_VALUE')
)
SELECT profile_key, profile_key IN (SELECT profile_key FROM held) AS held FROM parked
