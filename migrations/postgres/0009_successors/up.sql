-- Where the holder of a ledger went when its environment was switched; none while it trades with this one. Whoever
-- finds a ledger free that has a successor goes on with that.
ALTER TABLE leases ADD COLUMN successor TEXT COLLATE "C" REFERENCES ledgers;
