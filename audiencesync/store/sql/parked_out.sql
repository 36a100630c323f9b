-- parked_out: rows that a plan does not hold back are parked no more: it looks at them anew, or they do not differ now.
-- params: $sync_id
-- reads : plan_parked
DELETE FROM store.parked WHERE sync_id = $sync_id AND profile_key IN (SELECT profile_key FROM plan_parked WHERE NOT held)
