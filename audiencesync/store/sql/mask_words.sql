-- mask_words: how many 63-bit words the masks of a stored table have.
-- returns: words BIGINT
SELECT count(*) AS words
FROM pragma_table_info('store.acknowledged')
WHERE starts_with(name, 'mask_')
