-- let_go: temporary tables that nothing reads any more; they may be as large as the source.
-- template: tables
{% for table in tables %}
DROP TABLE {{ table }};
{% endfor %}
