-- compact_differs: tables that have not as many rows in the new file as in the store.
-- template: tables
-- returns : name VARCHAR
{% for table in tables %}
SELECT {{ table | text }} AS name
WHERE (SELECT count(*) FROM store.{{ table | name }}) <> (SELECT count(*) FROM fresh.{{ table | name }})
{{ "UNION ALL" if not loop.last }}
{% endfor %}
