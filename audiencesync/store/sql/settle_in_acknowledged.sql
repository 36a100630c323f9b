-- settle_in_acknowledged: members as Salesforce now has them; whoever left or whose record is gone is not in it.
-- template: words
-- reads   : stage_settled
INSERT INTO store.acknowledged BY NAME
SELECT sync_id, profile_key, sf_key_hash(profile_key) AS key_hash, fingerprint{% for word in words %}, mask_{{ word }}{% endfor %}

FROM stage_settled
WHERE complete AND NOT gone AND action NOT IN ('exit', 'delete')
