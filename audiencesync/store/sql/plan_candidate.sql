-- plan_candidate: members whose desired state differs from the acknowledged one.
-- params  : $sync_id
-- template: words, columns (of the profiles), row_hash (SQL expression over them), unfit (plan/unfit.py; whose audiences
--           nobody can tell keeps those she had), resumed (everybody was touched; where nothing differs only who is pending is meant)
-- reads   : plan_touched, store.acknowledged, store.parked, store.outbox, store.pending
-- makes   : plan_profile (plan_touched with the profiles' own names, and _plan_touched: the number of a row),
--           plan_candidate(profile_key, touched BIGINT (her row of plan_touched), desired BOOLEAN, known BOOLEAN,
--           old_fingerprint, parked_hash (of a parked profile's row as it is now), mask_n, old_mask_n)
-- grain   : one row a profile that is or was a member and differs
CREATE OR REPLACE TEMP VIEW plan_profile AS
SELECT rowid AS _plan_touched, *{% for column in columns if column | lower == "rowid" %} RENAME (_plan_rowid AS {{ column | name }}){% endfor %}

FROM plan_touched;

CREATE OR REPLACE TEMP TABLE plan_candidate AS
WITH parked AS (
    SELECT profile_key FROM store.parked WHERE sync_id = $sync_id
), profile AS (
    SELECT *, CASE WHEN _profile_key IN (FROM parked) THEN {{ row_hash }} END AS _plan_row_hash
    FROM plan_profile
)
SELECT
    coalesce(_profile_key, _plan_state_key) AS profile_key,
    _plan_touched AS touched,
    _profile_key IS NOT NULL AS desired,
    _plan_state_key IS NOT NULL AS known,
    _plan_old_fingerprint AS old_fingerprint,
    _plan_row_hash AS parked_hash
    {% for word in words %}
    , coalesce({{ "CASE WHEN " ~ unfit.unsure ~ " THEN _plan_old_mask_" ~ word ~ " END, " if unfit.problems }}_plan_mask_{{ word }}, 0) AS mask_{{ word }}
    , coalesce(_plan_old_mask_{{ word }}, 0) AS old_mask_{{ word }}
    {% endfor %}
FROM profile
LEFT JOIN (SELECT rowid AS _plan_state_row, profile_key AS _plan_state_key FROM store.acknowledged) ON _plan_state_row = _plan_state
WHERE coalesce(_profile_key, _plan_state_key) NOT IN (
    -- whoever's answer is still out is not sent again before it is known
    SELECT profile_key FROM store.outbox WHERE sync_id = $sync_id AND batch_id IS NOT NULL
)
{% if resumed %}
AND ({{ unfit.held ~ " OR " if unfit.problems }}_plan_fingerprint IS DISTINCT FROM _plan_old_fingerprint
    {% for word in words %}
    OR _plan_mask_{{ word }} IS DISTINCT FROM _plan_old_mask_{{ word }}
    {% endfor %}
    OR coalesce(_profile_key, _plan_state_key) IN (SELECT profile_key FROM store.pending WHERE sync_id = $sync_id)
)
{% endif %}
