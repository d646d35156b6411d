import GrantStore
import Grants
import Nylas
import Synchronization
import Timekeeping

extension BulkSession {
    /// Nylas may still be taking in what left a moment ago.
    private static let settlingDelay = Duration.seconds(2)
    /// How far Nylas's clock may be from ours.
    private static let clockDifference = Duration.seconds(60)
    private static let pageSize = 200
    private static let pagesAtMost = 1000

    /// Finds out what has become of the rows that stand as sent: those that Nylas lists are connected, the others are sent again, or
    /// failed if that has been tried often enough.
    func settle() async throws(StoreError) {
        var wanted: [String: BulkRow] = [:]
        var line = 0
        while true {
            let rows = try await runner.store.rows(of: run.id, standing: .sent, after: line, limit: 1000)
            for row in rows { wanted[MailboxAddress.key(row.address)] = row }
            guard rows.count == 1000, let last = rows.last else { break }
            line = last.line
        }
        guard !wanted.isEmpty else { return }
        let times = wanted.values.compactMap(\.sentAt)
        if let last = times.max(), runner.wallClock.now() < last + BulkSession.settlingDelay {
            pause(.looking, for: BulkSession.settlingDelay)
        }
        let oldest = (times.min() ?? run.createdAt) - BulkSession.clockDifference
        guard await look(for: &wanted, since: oldest) else { return }
        for row in wanted.values {
            let isLast = row.attempts >= runner.settings.attempts
            await answer(
                row,
                with: isLast ? .failed(reason: row.reason ?? "no answer") : .again(reason: nil, isAttempt: false)
            )
        }
    }

    /// Goes through the list of all grants, newest update first, and answers the rows it finds.
    ///
    /// - Returns: false if it was not seen to its end: then nothing is known of those that are left.
    private func look(for wanted: inout [String: BulkRow], since oldest: Timestamp) async -> Bool {
        var offset = 0
        // Grants that change meanwhile move others further back: they are seen twice, and none is missed.
        for _ in 0..<BulkSession.pagesAtMost {
            guard let page = await page(at: offset) else { return false }
            for grant in page.grants {
                guard let email = grant.email, let row = wanted[MailboxAddress.key(email)], isOutcome(grant, of: row)
                else { continue }
                wanted[MailboxAddress.key(email)] = nil
                await answer(row, with: answer(for: grant))
            }
            let isBehind = page.grants.last.map { $0.updatedAt < oldest } ?? false
            if page.isLast || isBehind || wanted.isEmpty { return true }
            offset += BulkSession.pageSize
        }
        return true
    }

    private func isOutcome(_ grant: Grant, of row: BulkRow) -> Bool {
        grant.status != .invalid && grant.providerName == run.provider.rawValue
            && [nil, run.credentialID].contains(grant.credentialID)
            && grant.updatedAt >= (row.sentAt ?? run.createdAt) - BulkSession.clockDifference
    }

    private func page(at offset: Int) async -> GrantPage? {
        while await turn() {
            do throws(NylasError) {
                let page = try await runner.client.grantsNewestUpdateFirst(limit: BulkSession.pageSize, offset: offset)
                settlePace()
                return page
            } catch {
                switch error {
                case .unauthorized: conclude(.unauthorized)
                case .rateLimited(let length):
                    pause(length == nil ? .pace : .provider, for: length)
                    giveUp(.throttled)
                case .notSent, .noAnswer, .failed, .unreadable, .refused, .notFound:
                    pause(.unreachable, for: nil)
                    giveUp(.unreachable)
                }
            }
        }
        return nil
    }
}
