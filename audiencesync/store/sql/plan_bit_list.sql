-- plan_bit_list: the bits of the sync being planned.
-- returns: audience VARCHAR, ordinal INTEGER
SELECT audience, ordinal FROM plan_bit ORDER BY ordinal
