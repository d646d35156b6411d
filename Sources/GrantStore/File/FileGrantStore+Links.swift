package import Grants
package import Timekeeping

extension FileGrantStore {
    package func use(of link: LinkID) async throws(StoreError) -> LinkUse? {
        try await reader.run { (connection) throws(SQLiteFailure) in try connection.use(of: link) }
    }

    package func revoke(_ link: LinkClaim, by actor: Actor?) async throws(StoreError) -> LinkUse {
        let now = wallClock.now()
        return try await write { (connection) throws(SQLiteFailure) in
            let before = try connection.use(of: link.id)
            let use = LinkRules.revoking(before)
            guard use != before else { return use }
            try connection.save(use, of: link)
            try connection.appendToAudit(
                .linkRevoked,
                grant: nil,
                owner: nil,
                reference: nil,
                detail: link.id.text,
                actor: actor,
                at: now
            )
            return use
        }
    }

    package func purgeLinks(expiredBefore moment: Timestamp) async throws(StoreError) -> Int {
        try await write { (connection) throws(SQLiteFailure) in
            try connection.deleteLinks(expiredBefore: moment)
        }
    }
}
