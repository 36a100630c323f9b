-- compact_table: the rows of one table into the new file; what belongs together lies together.
-- template: table, order (columns)
-- writes  : fresh
INSERT INTO fresh.{{ table | name }}
FROM store.{{ table | name }}
{% if order %}ORDER BY {% for column in order %}{{ column | name }}{{ ", " if not loop.last }}{% endfor %}{% endif %}
