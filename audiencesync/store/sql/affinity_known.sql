-- affinity_known: whether any key of an affinity relation is that of somebody: of an acknowledged member, which is found out at
--                 the first one, or else of a profile.
-- template: relation (a table of stage_affinity), members (look among those acknowledged, of any sync, and not among the profiles)
-- reads   : the relation, store.acknowledged or stage_profile
-- returns : known BOOLEAN
-- grain   : one row
SELECT count(*) > 0 AS known
FROM (
    {% if members %}
    SELECT 1 FROM store.acknowledged WHERE key_hash IN (SELECT sf_key_hash(key) FROM {{ relation }})
    {% else %}
    SELECT 1 FROM stage_profile WHERE _profile_key IN (SELECT key FROM {{ relation }})
    {% endif %}
    LIMIT 1
)
