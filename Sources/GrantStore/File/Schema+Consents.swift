extension Schema {
    /// Administrators' consents, one for each invitation, and which flow has reported which.
    static let consents = """
        CREATE TABLE tenant_consent (
            id TEXT PRIMARY KEY,
            customer TEXT NOT NULL,
            credential_id TEXT NOT NULL,
            tenant TEXT,
            claimed_tenant TEXT,
            probe_address TEXT,
            standing TEXT NOT NULL CHECK (standing IN ('reported', 'verified', 'failed')),
            reason TEXT,
            grant_id TEXT,
            reported_at INTEGER NOT NULL,
            ready_at INTEGER NOT NULL,
            settled_at INTEGER,
            probe_due_at INTEGER,
            attempts INTEGER NOT NULL,
            reference TEXT NOT NULL,
            CHECK ((reason IS NULL) = (standing <> 'failed')),
            CHECK ((grant_id IS NULL) = (standing <> 'verified')),
            CHECK ((settled_at IS NULL) = (standing = 'reported')),
            CHECK (probe_due_at IS NULL OR standing = 'reported')
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX tenant_consent_by_report ON tenant_consent (reported_at DESC, id);
        CREATE INDEX tenant_consent_by_credential ON tenant_consent (credential_id);
        CREATE INDEX tenant_consent_due ON tenant_consent (probe_due_at, id) WHERE probe_due_at IS NOT NULL;
        CREATE TABLE consent_flow (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            consent_id TEXT NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE VIEW tenant_consent_readable AS
            SELECT id, customer, credential_id, tenant, claimed_tenant, probe_address, standing, reason, grant_id, attempts,
                strftime('%Y-%m-%dT%H:%M:%fZ', reported_at / 1e6, 'unixepoch') AS reported,
                strftime('%Y-%m-%dT%H:%M:%fZ', ready_at / 1e6, 'unixepoch') AS ready,
                strftime('%Y-%m-%dT%H:%M:%fZ', settled_at / 1e6, 'unixepoch') AS settled
            FROM tenant_consent;
        """
}
