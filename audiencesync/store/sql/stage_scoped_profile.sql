-- stage_scoped_profile: the profiles that a plan looks at, when it does not look at all of them.
-- reads   : stage_profile, stage_scope
-- makes   : stage_scoped_profile, with the columns of stage_profile
CREATE OR REPLACE TEMP TABLE stage_scoped_profile AS
SELECT stage_profile.* FROM stage_profile SEMI JOIN stage_scope AS scope ON scope.profile_key = stage_profile._profile_key
