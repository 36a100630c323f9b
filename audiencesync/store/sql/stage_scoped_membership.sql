-- stage_scoped_membership: the memberships of the profiles that a plan looks at.
-- reads   : stage_membership, stage_scope
-- makes   : stage_scoped_membership, with the columns of stage_membership
CREATE OR REPLACE TEMP TABLE stage_scoped_membership AS
SELECT member.* FROM stage_membership AS member SEMI JOIN stage_scope AS scope ON scope.profile_key = member.profile_key
