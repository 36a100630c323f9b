-- stage_scoped_profile: the profiles that a plan looks at, when it does not look at all of them.
-- template: that of pushed_over_profile
-- reads   : stage_scope
-- makes   : stage_scoped_profile, those columns of stage_profile
CREATE OR REPLACE TEMP TABLE stage_scoped_profile AS
{% include "pushed_over_profile.sql" %}
