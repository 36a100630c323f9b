-- plan_unparked: rows that stay parked are no candidates.
-- reads: plan_parked
DELETE FROM plan_candidate WHERE profile_key IN (SELECT profile_key FROM plan_parked WHERE held)
