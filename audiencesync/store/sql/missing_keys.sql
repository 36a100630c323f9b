-- missing_keys: profiles that an incremental plan must look at and that were not read yet.
-- reads   : stage_scope, stage_profile_source
-- returns : profile_key VARCHAR
SELECT scope.profile_key
FROM stage_scope AS scope
ANTI JOIN stage_profile_source AS profile ON profile._profile_key = scope.profile_key
WHERE scope.profile_key IS NOT NULL
ORDER BY ALL
