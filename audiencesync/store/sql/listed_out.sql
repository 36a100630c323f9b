-- listed_out: the listed audiences as masks, as they are lent to a cluster.
-- reads  : plan_listed
-- returns: audience VARCHAR, mask_n BIGINT
FROM plan_listed
