extension Schema {
    /// The operator API: who changed something, calls that may come twice, and lists by status and provider in their order.
    static let operatorAPI = """
        ALTER TABLE audit ADD COLUMN actor TEXT;
        DROP VIEW audit_readable;
        CREATE VIEW audit_readable AS
            SELECT number, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
                event, grant_id, owner, reference, detail, actor, lower(hex(hash)) AS hash
            FROM audit;
        CREATE INDEX grants_by_status ON grants (status, saved_at DESC, id);
        CREATE INDEX grants_by_provider ON grants (provider, status, saved_at DESC, id);
        CREATE TABLE idempotency (
            key_digest BLOB PRIMARY KEY CHECK (length(key_digest) = 32),
            content_digest BLOB NOT NULL CHECK (length(content_digest) = 32),
            answer TEXT,
            ends_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX idempotency_by_end ON idempotency (ends_at);
        """
}
