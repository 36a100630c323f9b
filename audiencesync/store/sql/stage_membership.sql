-- stage_membership: the memberships as the plan reads them.
-- template: that of pushed_over_membership
-- makes   : stage_membership, as stage_membership_source
CREATE OR REPLACE TEMP VIEW stage_membership AS
{% include "pushed_over_membership.sql" %}
