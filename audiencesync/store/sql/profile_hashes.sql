-- profile_hashes: how many profiles have a key whose hash another one has, too. Keys of different hashes are different.
-- template: profiles (stage_profile, or stage_scoped_profile)
-- returns : shared BIGINT
SELECT count(*) - count(DISTINCT sf_key_hash(_profile_key)) AS shared FROM {{ profiles }}
