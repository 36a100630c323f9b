-- stage_membership_source: the memberships as the source gives them.
-- template: view (its name), key and audience (SQL for their texts), active (boolean column, or nothing); empty: the
--           project has no memberships relation
-- reads   : stage_membership_raw
-- returns : profile_key VARCHAR, audience VARCHAR; pairs may repeat
CREATE OR REPLACE TEMP VIEW {{ view }} AS
{% if empty %}
SELECT CAST(NULL AS STRING) AS profile_key, CAST(NULL AS STRING) AS audience WHERE false
{% else %}
SELECT {{ key }} AS profile_key, {{ audience }} AS audience
FROM stage_membership_raw
{% if active %}WHERE {{ active | name }}{% endif %}

{% endif %}
