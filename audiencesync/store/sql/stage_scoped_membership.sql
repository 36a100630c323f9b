-- stage_scoped_membership: the memberships of the profiles that a plan looks at.
-- template: that of pushed_over_membership
-- reads   : stage_scope
-- makes   : stage_scoped_membership, as stage_membership
CREATE OR REPLACE TEMP TABLE stage_scoped_membership AS
{% include "pushed_over_membership.sql" %}
