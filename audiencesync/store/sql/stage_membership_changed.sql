-- stage_membership_changed: the profiles of whose memberships one has changed, also one that ended.
-- params  : $since (an `updated_at`)
-- template: key (SQL for its text), and what profile_changed takes
-- reads   : stage_membership_raw
-- makes   : stage_membership_changed(profile_key)
CREATE OR REPLACE TEMP TABLE stage_membership_changed AS
SELECT DISTINCT {{ key }} AS profile_key FROM stage_membership_raw WHERE {% include "profile_changed.sql" %}
