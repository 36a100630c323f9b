-- stage_profile: the profiles as the plan reads them.
-- template: that of pushed_over_profile
-- makes   : stage_profile, as stage_profile_source
CREATE OR REPLACE TEMP VIEW stage_profile AS
{% include "pushed_over_profile.sql" %}
