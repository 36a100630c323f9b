-- pushed_over_profile: profiles with what was pushed laid over them; included by other statements.
-- template: source (the profiles as the source gives them), scoped (only those of stage_scope), pushed (there is anything
--           to lay over them), key (column), key_type,
--           changed_at (SQL: microseconds since 1970 at which a row of the source changed; NULL: nobody knows), columns (of
--           the source, those that are needed, in order: `name`; and of those that can be pushed `pointer`, into the JSON, `number`, from 1,
--           `said`, SQL for the value, and `cast`, whether that may fail), forgiving (a value that does not fit its column
--           is named, and ends nothing)
-- reads   : the source, store.pushed_profile
-- returns : _profile_key VARCHAR, and those columns; _plan_unfit VARCHAR[] when forgiving: columns that lack their value, as
--           the one that was pushed does not fit
-- grain   : one row a profile. A pushed value stands until the source says of the profile something later
{% if pushed %}
SELECT coalesce(_profile_key, _plan_pushed_key) AS _profile_key
    {% for column in columns %}
    {% if column.name == key %}
    , coalesce(_profile.{{ column.name | name }}, {{ "TRY(" if forgiving }}CAST(_plan_pushed_key AS {{ key_type }}){{ ")" if forgiving }}) AS {{ column.name | name }}
    {% elif column.pointer %}
    , CASE WHEN _plan_pushed_at[{{ column.number }}] >= coalesce(_plan_source_at, 0) THEN {{ "TRY(" ~ column.said ~ ")" if forgiving and column.cast else column.said }} ELSE _profile.{{ column.name | name }} END AS {{ column.name | name }}
    {% else %}
    , _profile.{{ column.name | name }}
    {% endif %}
    {% endfor %}
    {% if forgiving %}
    , [one FOR one IN [
        CASE WHEN _profile_key IS NULL AND TRY(CAST(_plan_pushed_key AS {{ key_type }})) IS NULL THEN {{ key | text }} END
        {% for column in columns if column.cast %}
        , CASE WHEN _plan_pushed_at[{{ column.number }}] >= coalesce(_plan_source_at, 0) AND (_plan_pushed[{{ column.number }}] ->> '$') IS NOT NULL AND TRY({{ column.said }}) IS NULL THEN {{ column.name | text }} END
        {% endfor %}
    ]::VARCHAR[] IF one IS NOT NULL] AS _plan_unfit
    {% endif %}
FROM (
    SELECT _source.*, {{ changed_at }} AS _plan_source_at
    FROM {{ source }} AS _source
    {% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = _source._profile_key{% endif %}

) AS _profile
FULL JOIN (
    SELECT profile_key AS _plan_pushed_key, removed_at AS _plan_gone,
        json_extract(attributes, [{% for column in columns if column.pointer %}{{ (column.pointer ~ "/0") | text }}{{ ", " if not loop.last }}{% endfor %}]::VARCHAR[]) AS _plan_pushed,
        CAST(json_extract(attributes, [{% for column in columns if column.pointer %}{{ (column.pointer ~ "/1") | text }}{{ ", " if not loop.last }}{% endfor %}]::VARCHAR[]) AS BIGINT[]) AS _plan_pushed_at
    FROM store.pushed_profile
    {% if scoped %}
    WHERE key_hash IN (SELECT sf_key_hash(profile_key) FROM stage_scope) AND profile_key IN (SELECT profile_key FROM stage_scope)
    {% endif %}
) AS pushed ON _plan_pushed_key = _profile_key
WHERE _plan_gone IS NULL OR epoch_us(_plan_gone) < _plan_source_at
{% else %}
SELECT _source._profile_key
    {% for column in columns %}
    , _source.{{ column.name | name }}
    {% endfor %}
FROM {{ source }} AS _source
{% if scoped %}SEMI JOIN stage_scope AS scope ON scope.profile_key = _source._profile_key{% endif %}

{% endif %}
