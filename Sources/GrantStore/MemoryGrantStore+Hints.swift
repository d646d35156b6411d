package import Grants
package import Timekeeping

/// A hint as the store in memory keeps it.
struct MemoryHint {
    var number: Int64
    var due: Timestamp
    var attempts: Int
    var holder: String?
}

extension MemoryGrantStore {
    package func noteHint(_ grant: GrantID) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return change { contents in
            guard contents.grants[grant] != nil else { return false }
            var hint = contents.hints[grant] ?? MemoryHint(number: 0, due: now, attempts: 0)
            hint.number += 1
            hint.attempts = 0
            if hint.holder == nil { hint.due = now }
            contents.hints[grant] = hint
            return true
        }
    }

    package func takeHints(
        limit: Int,
        lease: Lease,
        at now: Timestamp
    ) async throws(StoreError) -> [GrantHint] {
        change { contents in
            let due = contents.hints.filter { $0.value.due <= now }.sorted { left, right in
                left.value.due == right.value.due
                    ? left.key.text < right.key.text : left.value.due < right.value.due
            }
            return due.prefix(limit).map { grant, hint in
                let taken = MemoryHint(
                    number: hint.number,
                    due: lease.expiresAt,
                    attempts: hint.attempts + 1,
                    holder: lease.instance
                )
                contents.hints[grant] = taken
                return GrantHint(grant: grant, number: taken.number, attempts: taken.attempts)
            }
        }
    }

    package func settleHint(
        _ hint: GrantHint,
        retryAt moment: Timestamp?,
        heldBy instance: String
    ) async throws(StoreError) -> Bool {
        let now = wallClock.now()
        return change { contents in
            guard var known = contents.hints[hint.grant], known.holder == instance else { return false }
            known.holder = nil
            if known.number != hint.number {
                known.due = now
                contents.hints[hint.grant] = known
            } else if let moment {
                known.due = moment
                contents.hints[hint.grant] = known
            } else {
                contents.hints[hint.grant] = nil
            }
            return true
        }
    }

    package func nextHintDue() async throws(StoreError) -> Timestamp? {
        look { $0.hints.values.map(\.due).min() }
    }
}
