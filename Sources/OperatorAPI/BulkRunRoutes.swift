import BulkGrants
import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import Timekeeping
import Web

/// Many mailboxes connected with one credential, by the server: lists are checked whole, runs survive it.
struct BulkRunRoutes: Sendable {
    /// So many mailboxes in one call: what all of it takes in memory is bounded, and a longer list is two runs.
    static let mailboxesAtMost = 10_000
    static let contentLimitBytes = 4 << 20

    let settings: ConnectSettings
    let nylas: NylasClient
    let service: BulkService
    let wallClock: WallClock
    let random: RandomSource

    var routes: [APIRoute] {
        [
            APIRoute(
                .post,
                "/bulk-runs",
                scope: .write,
                contentLimitBytes: Self.contentLimitBytes,
                creating,
                create
            ),
            APIRoute(.get, "/bulk-runs", scope: .read, listing, list),
            APIRoute(.get, "/bulk-runs/{id}", scope: .read, looking, look),
            APIRoute(.get, "/bulk-runs/{id}/rows", scope: .read, listingRows, rows),
            APIRoute(.get, "/bulk-runs/{id}/result.csv", scope: .read, exporting, result),
            APIRoute(.post, "/bulk-runs/{id}/resume", scope: .write, resuming, resume),
            APIRoute(.post, "/bulk-runs/{id}/cancel", scope: .write, cancelling, cancel),
        ]
    }

    // MARK: beginning

    private func create(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let content = call.content
        let profile = content["profile"]?.text ?? settings.profile.name
        guard let credential = content["credential_id"]?.text.flatMap(CredentialID.init) else {
            throw Self.misfit("/credential_id", "Must be a credential's ID.")
        }
        guard settings.allProfiles.contains(where: { $0.name == profile }) else {
            throw Self.misfit("/profile", "There is no access profile of this name.")
        }
        let readyAt = try readyAt(content)
        let found = try await asked { () async throws(NylasError) in try await nylas.findCredential(credential) }
        guard let (known, provider) = found else {
            throw Self.misfit("/credential_id", "Nylas knows no such credential.")
        }
        guard known.kind != .connector else {
            throw Self.misfit("/credential_id", "Is for hosted logins, not for whole organizations.")
        }
        let list = MailboxList(
            content["mailboxes"]?.elements?.map(MailboxList.Entry.init) ?? [],
            rules(provider, profile)
        )
        guard list.faults.isEmpty else {
            throw APIProblem(.invalidContent, misfits: list.faults.prefix(20).map(\.misfit))
        }
        var plan = try await stored { () async throws(StoreError) in
            try await BulkPlan(list, in: service.store, provider: provider)
        }
        let skipped = plan.skipped
        if content["include_connected"] == .bool(true) { plan.includeConnected() }
        guard content["dry_run"] != .bool(true), plan.open > 0 else { return answer(plan, skipped) }
        let begun = plan
        let beginning = try await stored { () async throws(StoreError) in
            let spread = try await service.store.spreadingConsent(to: credential)
            return try await begun.begin(
                in: service.store,
                provider: provider,
                credential: credential,
                readyAt: readyAt ?? spread,
                isServed: true,
                random: random,
                at: wallClock.now()
            )
        }
        switch beginning {
        case .unfinished(let earlier): throw APIProblem(.runUnfinished, run: earlier.id)
        case .begun(let run):
            service.ring()
            return APIAnswer(.created, try await json(run))
        }
    }

    private func rules(_ provider: Provider, _ profile: String) -> ListRules {
        let scopes = Dictionary(settings.allProfiles.map { ($0.name, $0.scopes(for: provider)) }) { first, _ in first }
        return ListRules(provider: provider, profiles: scopes, defaultProfile: profile)
    }

    private func readyAt(_ content: JSON) throws(APIProblem) -> Timestamp? {
        guard let text = content["consented_at"]?.text else { return nil }
        guard let moment = Timestamp(rfc3339: text), moment <= wallClock.now() + .seconds(60) else {
            throw Self.misfit("/consented_at", "Must be a moment that is not in the future, as 2026-08-21T09:30:00Z.")
        }
        return moment + BulkSettings.consentDelay
    }

    private static func misfit(_ pointer: String, _ detail: String) -> APIProblem {
        APIProblem(.invalidContent, misfits: [Misfit(pointer: pointer, detail: detail)])
    }

    private func answer(_ plan: BulkPlan, _ skipped: [BulkRow]) -> APIAnswer {
        APIAnswer(
            .ok,
            [
                "mailboxes": .integer(Int64(plan.rows.count)),
                "to_connect": .integer(Int64(plan.open)),
                "connected_already": .array(
                    skipped.map { ["line": .integer(Int64($0.line)), "grant_id": JSON($0.grantID?.text)] }
                ),
            ]
        )
    }

    // MARK: looking

    private func list(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let limit = Int(call.query["limit"]?.number ?? GrantPage.standardLimit)
        let after = try cursor(call, BulkRunID.init)
        // One more, to know whether there is another page.
        let found = try await stored { () async throws(StoreError) in
            try await service.store.bulkRuns(after: after, limit: limit + 1)
        }
        var runs: [JSON] = []
        for run in found.prefix(limit) { runs.append(try await json(run)) }
        let next = found.count > limit ? found[limit - 1].id.text : nil
        return APIAnswer(.ok, ["runs": .array(runs), "next_cursor": JSON(next)])
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        APIAnswer(.ok, try await json(find(call)))
    }

    private func rows(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let run = try await find(call)
        let limit = Int(call.query["limit"]?.number ?? GrantPage.standardLimit)
        let standing = call.query["outcome"]?.text.flatMap(BulkRow.Standing.init(rawValue:))
        let line = try cursor(call) { text in text.utf8.allSatisfy { (48...57).contains($0) } ? Int(text) : nil }
        let found = try await stored { () async throws(StoreError) in
            try await service.store.rows(of: run.id, standing: standing, after: line ?? 0, limit: limit + 1)
        }
        let next = found.count > limit ? String(found[limit - 1].line) : nil
        return APIAnswer(.ok, ["rows": .array(found.prefix(limit).map(Self.json)), "next_cursor": JSON(next)])
    }

    private func result(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let run = try await find(call)
        let result = BulkResult(run, onlyFailed: call.query["only_failed"] == .bool(true))
        var text = Array(result.header.utf8)
        var (line, count) = (0, 0)
        while true {
            let after = line
            let rows = try await stored { () async throws(StoreError) in
                try await service.store.rows(of: run.id, standing: nil, after: after, limit: 1000)
            }
            count += rows.count
            // A command may have begun a longer one.
            guard count <= Self.mailboxesAtMost else { throw APIProblem(.runTooLong) }
            for row in rows { text += result.record(row)?.utf8 ?? "".utf8 }
            guard rows.count == 1000, let last = rows.last else { break }
            line = last.line
        }
        return APIAnswer(.ok, content: text, mediaType: Self.csv)
    }

    static let csv = "text/csv; charset=utf-8"

    // MARK: changing

    private func resume(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let run = try await find(call)
        guard run.finishedAt == nil else { throw APIProblem(.runOver) }
        try await stored { () async throws(StoreError) in try await service.resume(run.id) }
        return APIAnswer(.ok, try await json(find(call)))
    }

    private func cancel(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let run = try await find(call)
        guard run.finishedAt == nil || run.cancelledAt != nil else { throw APIProblem(.runOver) }
        let cancelled = try await stored { () async throws(StoreError) in try await service.cancel(run.id) }
        guard let cancelled else { throw APIProblem(.notFound) }
        // It may have come to its end between the two.
        guard cancelled.cancelledAt != nil else { throw APIProblem(.runOver) }
        return APIAnswer(.ok, try await json(cancelled))
    }

    // MARK: parts

    private func find(_ call: APICall) async throws(APIProblem) -> BulkRun {
        guard let id = call.path["id"].flatMap(BulkRunID.init) else { throw APIProblem(.notFound) }
        let run = try await stored { () async throws(StoreError) in try await service.store.bulkRun(id) }
        guard let run else { throw APIProblem(.notFound) }
        return run
    }

    private func cursor<Place>(_ call: APICall, _ read: (String) -> Place?) throws(APIProblem) -> Place? {
        guard let text = call.query["cursor"]?.text else { return nil }
        guard let place = read(text) else {
            throw APIProblem(
                .invalidQuery,
                misfits: [Misfit(pointer: "cursor", detail: "Must be the next_cursor of an answer.")]
            )
        }
        return place
    }
}
