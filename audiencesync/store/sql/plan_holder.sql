-- plan_holder: members who stay, and their records, as far as a plan comes near them: nobody else may be taken for one of
--              these.
-- params: $sync_id
-- reads : plan_candidate, plan_rendered, plan_match, store.record, store.acknowledged
-- makes : plan_holder(profile_key, match_key, salesforce_id)
-- grain : one row a record that has a match key of the plan, or was found for one
CREATE OR REPLACE TEMP TABLE plan_holder AS
WITH near AS (
    SELECT profile_key, match_key, salesforce_id
    FROM store.record AS record
    SEMI JOIN plan_rendered AS rendered
        ON sf_key_hash(rendered.match_key) = record.match_hash AND NOT rendered.match_key <> record.match_key
    WHERE sync_id = $sync_id
    UNION
    SELECT profile_key, match_key, salesforce_id
    FROM store.record AS record
    SEMI JOIN plan_match AS match
        ON sf_key_hash(match.salesforce_id) = record.id_hash AND NOT match.salesforce_id <> record.salesforce_id
    WHERE sync_id = $sync_id
)
SELECT near.profile_key, near.match_key, near.salesforce_id
FROM near
SEMI JOIN (
    FROM store.acknowledged
    WHERE sync_id = $sync_id AND key_hash IN (SELECT sf_key_hash(profile_key) FROM near)
) AS state ON state.profile_key = near.profile_key
WHERE near.profile_key NOT IN (SELECT profile_key FROM plan_candidate WHERE NOT desired)
