extension Schema {
    /// Bulk runs: one row for each mailbox, marked as sent before it is.
    static let bulk = """
        CREATE TABLE bulk_run (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            credential_id TEXT NOT NULL,
            tag_names TEXT NOT NULL,
            ready_at INTEGER,
            created_at INTEGER NOT NULL,
            finished_at INTEGER
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX bulk_run_by_time ON bulk_run (created_at DESC, id);
        CREATE TABLE bulk_row (
            run_id TEXT NOT NULL REFERENCES bulk_run (id),
            line INTEGER NOT NULL,
            address TEXT NOT NULL COLLATE NOCASE,
            owner TEXT,
            scopes TEXT NOT NULL,
            tags TEXT NOT NULL,
            standing TEXT NOT NULL
                CHECK (standing IN ('pending', 'sent', 'connected', 'reauthenticated', 'skipped', 'failed')),
            attempts INTEGER NOT NULL,
            sent_at INTEGER,
            grant_id TEXT,
            reason TEXT,
            PRIMARY KEY (run_id, line)
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX bulk_row_pending ON bulk_row (run_id, attempts, line) WHERE standing = 'pending';
        CREATE INDEX bulk_row_by_standing ON bulk_row (run_id, standing, line);
        """

    /// Runs that the server works on, and ends before the end.
    static let servedBulk = """
        ALTER TABLE bulk_run ADD COLUMN is_served INTEGER NOT NULL DEFAULT 0 CHECK (is_served IN (0, 1));
        ALTER TABLE bulk_run ADD COLUMN cancelled_at INTEGER;
        ALTER TABLE bulk_run ADD COLUMN stop_reason TEXT;
        CREATE INDEX bulk_run_open ON bulk_run (created_at, id) WHERE finished_at IS NULL;
        """
}
