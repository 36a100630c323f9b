-- plan_match: no record has been found yet.
-- makes: plan_match(match_key, object, salesforce_id, created_at, followed): records by the match key they carry;
--        `followed`: it is the contact that a lead was converted to
CREATE OR REPLACE TEMP TABLE plan_match (match_key VARCHAR, object VARCHAR, salesforce_id VARCHAR, created_at VARCHAR, followed BOOLEAN)
