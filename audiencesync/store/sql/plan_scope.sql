-- plan_scope: the profiles that an incremental plan must look at: those the source says have changed, those of whose
--             memberships one has changed (or, where the source does not say, differs from what Salesforce
--             acknowledged), and those pending or parked.
-- params  : $sync_id, $since (an `updated_at`); $listed VARCHAR[] (audiences that memberships list) when compared
-- template: words (range of 63-bit mask words), updated_at, since_type, dated (the source says which memberships have
--           changed), compared (it does not, and there are memberships to compare), listed_bits (word -> bits of $listed)
-- reads   : stage_profile_source, stage_membership or stage_membership_changed, plan_bit, store.acknowledged, store.pending,
--           store.parked
-- makes   : stage_scope(profile_key)
CREATE OR REPLACE TEMP TABLE stage_scope AS
{% if compared %}{% include "listed.sql" %}{% endif %}

SELECT _profile_key AS profile_key
FROM stage_profile_source
WHERE {% include "profile_changed.sql" %}
UNION
SELECT profile_key FROM store.pending WHERE sync_id = $sync_id
UNION
SELECT profile_key FROM store.parked WHERE sync_id = $sync_id
{% if dated %}
UNION
SELECT profile_key FROM stage_membership_changed WHERE profile_key IS NOT NULL
{% elif compared %}
UNION
SELECT coalesce(listed.profile_key, state.profile_key)
FROM listed
FULL JOIN (FROM store.acknowledged WHERE sync_id = $sync_id) AS state USING (profile_key)
WHERE {% for word in words %}coalesce(listed.mask_{{ word }}, 0) <> coalesce(state.mask_{{ word }} & {{ listed_bits[word] }}::BIGINT, 0){{ " OR " if not loop.last }}{% endfor %}
{% endif %}

