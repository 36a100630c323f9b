-- stage_profile_source: the profiles as the source gives them: its columns, the key as text, and one MAP column for
--                       each long affinity relation.
-- template: view (its name), rows (the relation), key (SQL for its text), spelt (column -> the config's spelling, where
--           plans name it in SQL),
--           valueless (columns of a text file without any value: they are of no type and fit any comparison),
--           affinities (column -> table of stage_affinity)
-- reads   : the relation, the affinity tables
-- returns : _profile_key VARCHAR, the source's columns, each affinity MAP(VARCHAR, DOUBLE)
-- grain   : one row a profile
CREATE OR REPLACE TEMP VIEW {{ view }} AS
SELECT {{ key }} AS _profile_key, _profile.*
    {% if valueless %}REPLACE ({% for column in valueless %}NULL AS {{ column | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

    {% if spelt %}RENAME ({% for column, wanted in spelt.items() %}{{ column | name }} AS {{ wanted | name }}{{ ", " if not loop.last }}{% endfor %}){% endif %}

{% for column in affinities %}
    , _affinity_{{ loop.index }}.weights AS {{ column | name }}
{% endfor %}
FROM {{ rows }} AS _profile
{% for table in affinities.values() %}
LEFT JOIN {{ table }} AS _affinity_{{ loop.index }} ON _affinity_{{ loop.index }}.key = {{ key }}
{% endfor %}
