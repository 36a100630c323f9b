-- touched_only: leave in plan_touched profiles and members alone.
-- writes : plan_touched
DELETE FROM plan_touched WHERE _plan_listed IS NOT NULL
