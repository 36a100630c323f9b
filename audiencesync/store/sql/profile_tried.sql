-- profile_tried: evaluate one expression over every profile, to see whether it fails.
-- template: expression (SQL over profile columns)
-- reads   : stage_profile
-- returns : present BIGINT
SELECT count({{ expression }}) AS present FROM stage_profile
