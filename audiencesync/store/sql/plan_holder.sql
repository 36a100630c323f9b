-- plan_holder: members who stay, and their records, as far as a plan comes near them: nobody else may be taken for one of
--              these.
-- params: $sync_id
-- reads : plan_candidate, plan_rendered, plan_match, store.record, store.acknowledged
-- makes : plan_holder(profile_key, match_key, salesforce_id)
-- grain : one row a record that has a match key of the plan, or was found for one
CREATE OR REPLACE TEMP TABLE plan_holder AS
WITH near AS (
    SELECT profile_key, match_key, salesforce_id
    FROM store.record
    WHERE sync_id = $sync_id
      AND match_hash IN (SELECT sf_key_hash(rendered.match_key) FROM plan_rendered AS rendered)
      AND match_key IN (SELECT rendered.match_key FROM plan_rendered AS rendered)
    UNION
    SELECT profile_key, match_key, salesforce_id
    FROM store.record
    WHERE sync_id = $sync_id
      AND id_hash IN (SELECT sf_key_hash(match.salesforce_id) FROM plan_match AS match)
      AND salesforce_id IN (SELECT match.salesforce_id FROM plan_match AS match)
)
SELECT near.profile_key, near.match_key, near.salesforce_id
FROM near
SEMI JOIN (
    FROM store.acknowledged
    WHERE sync_id = $sync_id AND key_hash IN (SELECT sf_key_hash(profile_key) FROM near)
) AS state ON state.profile_key = near.profile_key
WHERE near.profile_key NOT IN (SELECT profile_key FROM plan_candidate WHERE NOT desired)
