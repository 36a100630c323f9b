-- mask_words: how many 63-bit words the masks of every stored table have; one may have more, where a run of an older program
--             was killed.
-- returns: words BIGINT
SELECT min(words) AS words
FROM (
    {% for table in ["acknowledged", "outbox", "parked"] %}
    SELECT count(*) AS words FROM pragma_table_info('store.{{ table }}') WHERE starts_with(name, 'mask_')
    {{ "UNION ALL" if not loop.last }}
    {% endfor %}
)
