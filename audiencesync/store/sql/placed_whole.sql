-- placed_whole: whether all were where they had been found: a file may be another by now.
-- template: key (SQL for the text of a key)
-- reads   : stage_place, stage_placed, stage_scope
-- returns : whole BOOLEAN
SELECT count(*) = (SELECT count(*) FROM stage_place) AS whole
FROM stage_placed AS _profile
SEMI JOIN stage_scope AS scope ON scope.profile_key = {{ key }}
