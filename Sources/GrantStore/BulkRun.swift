package import Grants
package import Timekeeping

/// The name of one bulk run.
package struct BulkRunID: Hashable, Sendable, CustomStringConvertible {
    package let text: String

    /// - Returns: nil unless the text is 1 to 32 characters of `a-z 0-9`: it is typed by people, after `--resume`.
    package init?(_ text: String) {
        guard (1...32).contains(text.utf8.count),
            text.utf8.allSatisfy({ byte in
                (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte)
                    || (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte)
            })
        else { return nil }
        self.text = text
    }

    package var description: String { text }
}

/// Many mailboxes to be connected with one credential; its rows are kept beside it.
package struct BulkRun: Hashable, Sendable {
    package var id: BulkRunID
    package var provider: Provider
    package var credentialID: CredentialID
    /// The columns of tags, in the order of the file, for a result that has them again.
    package var tagNames: [String]
    /// Before this an administrator's consent has not spread: nothing is sent. nil where there is nothing to wait for.
    package var readyAt: Timestamp?
    package var createdAt: Timestamp
    /// Set once no row is left to be sent.
    package var finishedAt: Timestamp?
    /// Whether the server works on it, also after a restart; a run of a command is worked on by the command.
    package var isServed: Bool
    /// Set once nothing more of it is to be sent.
    package var cancelledAt: Timestamp?
    /// Why the server has stopped working on it before its end.
    package var stopReason: String?

    package init(
        id: BulkRunID,
        provider: Provider,
        credentialID: CredentialID,
        tagNames: [String] = [],
        readyAt: Timestamp? = nil,
        createdAt: Timestamp,
        finishedAt: Timestamp? = nil,
        isServed: Bool = false,
        cancelledAt: Timestamp? = nil,
        stopReason: String? = nil
    ) {
        self.id = id
        self.provider = provider
        self.credentialID = credentialID
        self.tagNames = tagNames
        self.readyAt = readyAt
        self.createdAt = createdAt
        self.finishedAt = finishedAt
        self.isServed = isServed
        self.cancelledAt = cancelledAt
        self.stopReason = stopReason
    }
}

/// One mailbox of a run.
package struct BulkRow: Hashable, Sendable {
    package enum Standing: String, CaseIterable, Sendable {
        /// To be sent.
        case pending
        /// Taken for sending: whether Nylas has acted is not known until it is answered.
        case sent
        case connected
        /// The address had a grant already; its ID stayed.
        case reauthenticated
        /// Was connected here before the run, so it is not sent at all.
        case skipped
        case failed

        package var isFinal: Bool { self != .pending && self != .sent }
    }

    /// Of the file: from 2, behind the header. Names the row within its run.
    package var line: Int
    package var address: String
    package var owner: OwnerID?
    /// As sent to Nylas.
    package var scopes: [String]
    package var tags: [String: String]
    package var standing: Standing
    /// How often the outcome was not known, or another attempt was promised.
    package var attempts: Int
    package var sentAt: Timestamp?
    package var grantID: GrantID?
    /// Why it failed, or was put off: Nylas's own names and numbers.
    package var reason: String?

    package init(
        line: Int,
        address: String,
        owner: OwnerID? = nil,
        scopes: [String] = [],
        tags: [String: String] = [:],
        standing: Standing = .pending,
        attempts: Int = 0,
        sentAt: Timestamp? = nil,
        grantID: GrantID? = nil,
        reason: String? = nil
    ) {
        self.line = line
        self.address = address
        self.owner = owner
        self.scopes = scopes
        self.tags = tags
        self.standing = standing
        self.attempts = attempts
        self.sentAt = sentAt
        self.grantID = grantID
        self.reason = reason
    }
}

/// What has become of a row that was sent.
package enum BulkAnswer: Hashable, Sendable {
    /// - Parameter wasKnown: whether Nylas had the grant before. One that the store knows counts as known in any case.
    case grant(StoredGrant, wasKnown: Bool)
    case failed(reason: String)
    /// Nylas may have acted: the row stays `sent`, with one attempt more.
    case unknown(reason: String)
    /// Nylas has not acted: the row is to be sent again. `isAttempt` false is for one that never left.
    case again(reason: String?, isAttempt: Bool)
}

/// How many rows of a run stand where.
package struct BulkCounts: Hashable, Sendable {
    package var rows: [BulkRow.Standing: Int]

    package init(_ rows: [BulkRow.Standing: Int] = [:]) {
        self.rows = rows.filter { $0.value != 0 }
    }

    package subscript(standing: BulkRow.Standing) -> Int {
        get { rows[standing, default: 0] }
        set { rows[standing] = newValue == 0 ? nil : newValue }
    }

    package var total: Int { rows.values.reduce(0, +) }
    package var open: Int { self[.pending] + self[.sent] }
}

/// A grant that Nylas has and the store is to have, too.
package struct ImportedGrant: Hashable, Sendable {
    package var grant: StoredGrant
    /// nil leaves the owners as they are.
    package var owner: OwnerID?

    package init(grant: StoredGrant, owner: OwnerID? = nil) {
        self.grant = grant
        self.owner = owner
    }
}

package struct ImportCounts: Hashable, Sendable {
    package var added = 0
    /// Known, with other values or another owner than before.
    package var changed = 0
    package var unchanged = 0

    package init() {}
}

/// The right to work on bulk runs, alone among all processes: it ends when it is let go, or with its process.
package protocol BulkHold: AnyObject, Sendable {}
