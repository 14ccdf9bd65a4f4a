-- Where the next fetch of the source goes on; moves with the load of what was fetched.
ALTER TABLE source_state ADD COLUMN cursor TEXT;
