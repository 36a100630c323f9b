-- room_file: how full the store's file is.
-- returns: block_size, used_blocks, free_blocks BIGINT
SELECT block_size, used_blocks, free_blocks FROM pragma_database_size() WHERE database_name = 'store'
