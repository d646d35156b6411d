/// The format of the database file, as the steps that lead to it. A released step is never edited: the next one is added.
///
/// Times are UTC microseconds since 1970. Lists of scopes are JSON arrays, tags JSON objects. A person may read the file with
/// the `sqlite3` tool: the views have times in words.
enum Schema {
    static var version: Int { steps.count }

    /// "PSTN", so that `file` and we can tell our file from another's.
    static let applicationID: Int64 = 0x5053_544E

    /// Brings the file to this version, all of it or nothing.
    ///
    /// - Throws: `.newerFormat` if a newer Postern was here, `.corrupt` if the file is some other program's.
    static func migrate(_ connection: Connection) throws(StoreError) {
        guard try found(in: connection) < version else { return }
        do throws(SQLiteFailure) { try connection.execute("BEGIN IMMEDIATE") } catch { throw error.storeError }
        do throws(StoreError) {
            // Looked for again: another process may have migrated while we waited for the lock.
            for step in steps.dropFirst(try found(in: connection)) { try execute(step, on: connection) }
            try execute(
                "PRAGMA user_version = \(version); PRAGMA application_id = \(applicationID); COMMIT",
                on: connection
            )
        } catch {
            _ = try? connection.execute("ROLLBACK")
            throw error
        }
    }

    /// The version of the file, 0 for an empty one.
    ///
    /// What is asked is answered of one moment: another process may be making the file what it shall be.
    static func found(in connection: Connection) throws(StoreError) -> Int {
        let marks: Marks
        do throws(SQLiteFailure) {
            marks =
                connection.isInTransaction
                ? try Marks(connection)
                : try connection.snapshot { (connection) throws(SQLiteFailure) in try Marks(connection) }
        } catch { throw error.storeError }
        let isEmpty = marks.version == 0 && marks.application == 0 && marks.objects == 0
        guard isEmpty || (marks.version > 0 && marks.application == applicationID) else { throw .corrupt }
        guard marks.version <= version else {
            throw .newerFormat(found: Int(clamping: marks.version), known: version)
        }
        return Int(marks.version)
    }

    /// What tells our file from another's, and an old one from a new one.
    private struct Marks {
        let version: Int64
        let application: Int64
        let objects: Int64

        init(_ connection: Connection) throws(SQLiteFailure) {
            version = try connection.number("PRAGMA user_version")
            application = try connection.number("PRAGMA application_id")
            objects = try connection.number("SELECT count(*) FROM sqlite_schema")
        }
    }

    static let steps = [first, links, departures, hostWords, outbox, operatorAPI, bulk, consents, hints, servedBulk]

    private static let first = """
        CREATE TABLE grants (
            id TEXT PRIMARY KEY,
            provider TEXT NOT NULL,
            address TEXT COLLATE NOCASE,
            scopes TEXT NOT NULL,
            status TEXT NOT NULL CHECK (status IN ('valid', 'invalid')),
            created_at INTEGER NOT NULL,
            updated_at INTEGER NOT NULL,
            saved_at INTEGER NOT NULL,
            changed_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX grants_by_save ON grants (saved_at DESC, id);
        CREATE INDEX grants_by_address ON grants (address);

        CREATE TABLE ownership (
            number INTEGER PRIMARY KEY,
            grant_id TEXT NOT NULL REFERENCES grants (id),
            owner TEXT NOT NULL,
            since INTEGER NOT NULL,
            link_id TEXT,
            tags TEXT NOT NULL,
            UNIQUE (grant_id, owner)
        ) STRICT;
        CREATE INDEX ownership_by_owner ON ownership (owner, grant_id);

        CREATE TABLE flow_claim (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            kind TEXT NOT NULL,
            owner TEXT,
            link_id TEXT,
            provider TEXT,
            profile TEXT NOT NULL,
            scopes TEXT NOT NULL,
            expected_address TEXT,
            return_url TEXT,
            tags TEXT NOT NULL,
            started_at INTEGER NOT NULL,
            lease_instance TEXT,
            lease_expires_at INTEGER,
            verdict TEXT,
            grant_id TEXT,
            address TEXT,
            provider_name TEXT,
            granted_scopes TEXT,
            missing_scopes TEXT,
            reference TEXT,
            answered_at INTEGER,
            CHECK ((lease_instance IS NULL) = (lease_expires_at IS NULL)),
            CHECK ((verdict IS NULL) = (answered_at IS NULL)),
            CHECK ((lease_instance IS NULL) <> (verdict IS NULL))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX flow_claim_open ON flow_claim (started_at, digest) WHERE verdict IS NULL;
        CREATE INDEX flow_claim_answered ON flow_claim (answered_at) WHERE verdict IS NOT NULL;

        CREATE TABLE audit (
            number INTEGER PRIMARY KEY,
            at INTEGER NOT NULL,
            event TEXT NOT NULL,
            grant_id TEXT,
            owner TEXT,
            reference TEXT,
            detail TEXT,
            hash BLOB NOT NULL CHECK (length(hash) = 32)
        ) STRICT;
        CREATE TRIGGER audit_is_never_changed BEFORE UPDATE ON audit
            BEGIN SELECT RAISE (ABORT, 'audit entries are never changed'); END;
        CREATE TRIGGER audit_is_never_deleted BEFORE DELETE ON audit
            BEGIN SELECT RAISE (ABORT, 'audit entries are never deleted'); END;
        CREATE TRIGGER audit_is_only_appended BEFORE INSERT ON audit
            WHEN NEW.number IS NOT (SELECT coalesce(max(number), 0) + 1 FROM audit)
            BEGIN SELECT RAISE (ABORT, 'audit entries are only appended'); END;

        CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) STRICT, WITHOUT ROWID;
        INSERT INTO meta VALUES ('writes_tried', 0);

        CREATE VIEW grants_readable AS
            SELECT id, provider, address, status, scopes,
                (SELECT group_concat(owner, ', ') FROM ownership WHERE grant_id = grants.id) AS owners,
                strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1e6, 'unixepoch') AS created,
                strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1e6, 'unixepoch') AS updated,
                strftime('%Y-%m-%dT%H:%M:%fZ', saved_at / 1e6, 'unixepoch') AS saved,
                strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1e6, 'unixepoch') AS changed
            FROM grants;
        CREATE VIEW audit_readable AS
            SELECT number, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at,
                event, grant_id, owner, reference, detail, lower(hex(hash)) AS hash
            FROM audit;
        """

    /// Links: a flow knows the end of its link and how it is bound, and each link that somebody came back with has a row.
    private static let links = """
        ALTER TABLE flow_claim ADD COLUMN binding TEXT NOT NULL DEFAULT 'baseline';
        ALTER TABLE flow_claim ADD COLUMN link_expires_at INTEGER;
        CREATE TABLE link_use (
            link_id TEXT PRIMARY KEY,
            standing TEXT NOT NULL CHECK (standing IN ('reserved', 'used', 'revoked')),
            digest BLOB CHECK (length(digest) = 32),
            expires_at INTEGER NOT NULL,
            CHECK ((digest IS NULL) = (standing = 'revoked'))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX link_use_by_end ON link_use (expires_at);
        """

    /// Departures: a grant that nobody has any more says since when, and when its deletion at Nylas is tried next.
    private static let departures = """
        ALTER TABLE grants ADD COLUMN deletion_requested_at INTEGER;
        ALTER TABLE grants ADD COLUMN deletion_due_at INTEGER;
        CREATE INDEX grants_to_delete ON grants (deletion_due_at, id) WHERE deletion_due_at IS NOT NULL;
        DROP VIEW grants_readable;
        CREATE VIEW grants_readable AS
            SELECT id, provider, address, status, scopes,
                (SELECT group_concat(owner, ', ') FROM ownership WHERE grant_id = grants.id) AS owners,
                strftime('%Y-%m-%dT%H:%M:%fZ', created_at / 1e6, 'unixepoch') AS created,
                strftime('%Y-%m-%dT%H:%M:%fZ', updated_at / 1e6, 'unixepoch') AS updated,
                strftime('%Y-%m-%dT%H:%M:%fZ', saved_at / 1e6, 'unixepoch') AS saved,
                strftime('%Y-%m-%dT%H:%M:%fZ', changed_at / 1e6, 'unixepoch') AS changed,
                strftime('%Y-%m-%dT%H:%M:%fZ', deletion_requested_at / 1e6, 'unixepoch') AS deletion_requested
            FROM grants;
        """

    /// What the host app was told about flows, and what it said about them.
    private static let hostWords = """
        CREATE TABLE result_receipt (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            answered_at INTEGER NOT NULL,
            token TEXT NOT NULL,
            told_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX result_receipt_by_time ON result_receipt (told_at);
        CREATE TABLE confirmation (
            digest BLOB PRIMARY KEY CHECK (length(digest) = 32),
            standing TEXT NOT NULL CHECK (standing IN ('confirmed', 'refused')),
            callback_at INTEGER NOT NULL,
            decided_at INTEGER NOT NULL
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX confirmation_by_time ON confirmation (decided_at);
        """

    /// Events for the host app, and where the delivery of each to each target stands.
    private static let outbox = """
        CREATE TABLE outbox_event (
            number INTEGER PRIMARY KEY AUTOINCREMENT,
            id TEXT NOT NULL UNIQUE,
            type TEXT NOT NULL,
            at INTEGER NOT NULL,
            grant_id TEXT,
            data TEXT NOT NULL
        ) STRICT;
        CREATE INDEX outbox_event_by_time ON outbox_event (at);
        CREATE TABLE outbox_delivery (
            event INTEGER NOT NULL REFERENCES outbox_event (number),
            target TEXT NOT NULL,
            state TEXT NOT NULL CHECK (state IN ('waiting', 'delivered', 'failed')),
            due_at INTEGER,
            ended_at INTEGER,
            lease_instance TEXT,
            attempts INTEGER NOT NULL,
            first_attempt_at INTEGER,
            last_result TEXT,
            PRIMARY KEY (event, target),
            CHECK ((due_at IS NULL) <> (state = 'waiting')),
            CHECK ((ended_at IS NULL) = (state = 'waiting'))
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX outbox_delivery_due ON outbox_delivery (target, due_at, event) WHERE state = 'waiting';
        CREATE INDEX outbox_delivery_ended ON outbox_delivery (state, ended_at) WHERE state <> 'waiting';
        CREATE VIEW outbox_readable AS
            SELECT number, id, type, strftime('%Y-%m-%dT%H:%M:%fZ', at / 1e6, 'unixepoch') AS at, grant_id, target, state,
                attempts, last_result, strftime('%Y-%m-%dT%H:%M:%fZ', due_at / 1e6, 'unixepoch') AS due
            FROM outbox_event JOIN outbox_delivery ON event = number;
        """

    /// Grants that should be looked at anew, because Nylas has said that something happened to them.
    private static let hints = """
        CREATE TABLE grant_hint (
            grant_id TEXT PRIMARY KEY,
            number INTEGER NOT NULL,
            due_at INTEGER NOT NULL,
            attempts INTEGER NOT NULL,
            lease_instance TEXT
        ) STRICT, WITHOUT ROWID;
        CREATE INDEX grant_hint_due ON grant_hint (due_at);
        """

    private static func execute(_ script: String, on connection: Connection) throws(StoreError) {
        do throws(SQLiteFailure) { try connection.execute(script) } catch { throw error.storeError }
    }
}
