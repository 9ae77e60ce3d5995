-- When the broker took an execution back: since then it counts for nothing. Null while it counts.
ALTER TABLE fills ADD COLUMN taken_back_at BIGINT;
