package import Cryptography
package import GrantStore
package import Grants
package import Timekeeping

/// A list that is ready to be sent: the rows with those left out that are connected already.
package struct BulkPlan: Sendable {
    package private(set) var rows: [BulkRow]
    package let tagNames: [String]

    /// Looks each address up in the store. One is connected already if its grant works and belongs to the row's owner, if that has one.
    package init(_ list: MailboxList, in store: any GrantStore, provider: Provider) async throws(StoreError) {
        tagNames = list.tagNames
        rows = []
        rows.reserveCapacity(list.rows.count)
        for row in list.rows {
            let filter = GrantFilter(address: row.address, status: .valid, limit: 10)
            let known = try await store.grants(matching: filter).first { grant in
                grant.providerName == provider.rawValue && grant.deletionRequestedAt == nil
                    && (row.owner == nil || grant.owners.contains { $0.owner == row.owner })
            }
            var row = row
            if let known {
                row.standing = .skipped
                row.grantID = known.id
            }
            rows.append(row)
        }
    }

    package var skipped: [BulkRow] { rows.filter { $0.standing == .skipped } }
    package var open: Int { rows.count { $0.standing == .pending } }

    /// All rows are sent, also those that are connected: their grants are authenticated again.
    package mutating func includeConnected() {
        for index in rows.indices {
            rows[index].standing = .pending
            rows[index].grantID = nil
        }
    }

    package enum Beginning: Hashable, Sendable {
        case begun(BulkRun)
        /// This run with the same credential comes first.
        case unfinished(BulkRun)
    }

    /// Saves the plan as a run, which can be worked on from now on.
    ///
    /// - Parameter isServed: whether the server works on it, and not a command.
    package func begin(
        in store: any BulkStore,
        provider: Provider,
        credential: CredentialID,
        readyAt: Timestamp?,
        isServed: Bool = false,
        random: RandomSource,
        at now: Timestamp
    ) async throws(StoreError) -> Beginning {
        guard let id = BulkRunID("r" + Hex.encode(random.bytes(5))) else {
            preconditionFailure("hexadecimal digits are among the characters of a run's ID")
        }
        let run = BulkRun(
            id: id,
            provider: provider,
            credentialID: credential,
            tagNames: tagNames,
            readyAt: readyAt,
            createdAt: now,
            isServed: isServed
        )
        return try await store.begin(run, rows: rows).map { .unfinished($0) } ?? .begun(run)
    }
}

extension GrantStore {
    /// When the last consent that an administrator reported for a credential will have spread; nil if none is still unproven.
    package func spreadingConsent(to credential: CredentialID) async throws(StoreError) -> Timestamp? {
        try await consents(after: nil, limit: 1000)
            .filter { $0.credential == credential && $0.standing == .reported }.map(\.readyAt).max()
    }
}
