import ConnectApp
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// Grants and who they belong to: lists, one, and how an owner or everybody leaves one.
struct GrantRoutes: Sendable {
    let store: any GrantStore
    let disconnection: Disconnection

    var routes: [APIRoute] {
        [
            APIRoute(.get, "/grants", scope: .read, listing, list),
            APIRoute(.get, "/grants/{id}", scope: .read, looking, look),
            APIRoute(.delete, "/grants/{id}", scope: .write, revoking, revoke),
            APIRoute(.delete, "/grants/{id}/owners/{owner}", scope: .write, disconnecting, disconnect),
            APIRoute(.get, "/owners/{owner}", scope: .read, lookingAtOwner, listOfOwner),
        ]
    }

    // MARK: what they do

    private func list(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        var filter = GrantFilter()
        if let owner = call.query["owner"]?.text {
            // What cannot be an owner has nothing.
            guard let id = OwnerID(owner) else { return GrantPage.nothing }
            filter.owner = id
        }
        filter.address = call.query["address"]?.text
        filter.providerName = call.query["provider"]?.text
        filter.status = call.query["status"]?.text.flatMap(StoredGrant.Status.init(rawValue:))
        return try await page(filter, call)
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let id = try grantID(of: call)
        let grant = try await stored { () async throws(StoreError) in try await store.grant(id) }
        guard let grant else { throw APIProblem(.notFound) }
        return APIAnswer(.ok, GrantPage.json(grant))
    }

    private func listOfOwner(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        try await page(GrantFilter(owner: ownerID(of: call)), call)
    }

    private func revoke(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        try await leave(.everybody, call)
    }

    private func disconnect(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        try await leave(.owner(ownerID(of: call)), call)
    }

    private func page(_ filter: GrantFilter, _ call: APICall) async throws(APIProblem) -> APIAnswer {
        var filter = filter
        let limit = Int(call.query["limit"]?.number ?? GrantPage.standardLimit)
        // One more, to know whether there is another page.
        filter.limit = limit + 1
        if let cursor = call.query["cursor"]?.text {
            guard let position = GrantPosition(cursor: cursor) else {
                throw APIProblem(
                    .invalidQuery,
                    misfits: [Misfit(pointer: "cursor", detail: "Must be the next_cursor of an answer.")]
                )
            }
            filter.after = position
        }
        let asked = filter
        let grants = try await stored { () async throws(StoreError) in try await store.grants(matching: asked) }
        return GrantPage.answer(grants, limit: limit)
    }

    private func leave(_ leaver: Leaver, _ call: APICall) async throws(APIProblem) -> APIAnswer {
        let id = try grantID(of: call)
        let end = try await stored { () async throws(StoreError) in
            try await disconnection.disconnect(
                id,
                leaver,
                reason: .operatorAPI,
                by: call.actor,
                reference: call.reference.text
            )
        }
        func answer(_ status: HTTPResponse.Status, _ outcome: String, remaining: Int = 0) -> APIAnswer {
            APIAnswer(
                status,
                [
                    "grant_id": .string(id.text), "outcome": .string(outcome),
                    "remaining_owners": .integer(Int64(remaining)),
                ]
            )
        }
        switch end {
        case .unknownGrant, .notOwner: throw APIProblem(.notFound)
        case .othersRemain(let count): return answer(.ok, "others_remain", remaining: count)
        case .revoked: return answer(.ok, "revoked")
        case .revocationPending: return answer(.accepted, "revocation_pending")
        }
    }

    private func ownerID(of call: APICall) throws(APIProblem) -> OwnerID {
        guard let owner = call.path["owner"].flatMap(OwnerID.init) else { throw APIProblem(.notFound) }
        return owner
    }

    private func grantID(of call: APICall) throws(APIProblem) -> GrantID {
        guard let id = call.path["id"].flatMap(GrantID.init) else { throw APIProblem(.notFound) }
        return id
    }

    // MARK: what the document says

    private var listing: Operation {
        Operation(
            id: "listGrants",
            tag: "grants",
            summary: "Lists grants, the newest first.",
            description:
                "Filters hold together. A page goes on where next_cursor says, whatever has changed meanwhile.",
            parameters: [
                .query("owner", .text(1...128), "Only grants of this owner."),
                .query("address", .text(1...254), "Only grants of this address, without regard to ASCII case."),
                .query("provider", .text(1...40), "Only grants of this provider, as Nylas names it."),
                .query("status", .word(["valid", "invalid"]), "Only grants that work, or that do not."),
            ] + GrantPage.parameters,
            answers: [.init(.ok, "A page of grants.", GrantPage.schema)],
            problems: [.storeUnavailable]
        )
    }

    private var looking: Operation {
        Operation(
            id: "getGrant",
            tag: "grants",
            summary: "All that is known of one grant.",
            parameters: [Self.id],
            answers: [.init(.ok, "The grant.", GrantPage.grant)],
            problems: [.notFound, .storeUnavailable]
        )
    }

    private var lookingAtOwner: Operation {
        Operation(
            id: "getOwner",
            tag: "owners",
            summary: "The grants of one owner, the newest first.",
            description: "An owner without any has an empty list.",
            parameters: [Self.owner] + GrantPage.parameters,
            answers: [.init(.ok, "A page of grants.", GrantPage.schema)],
            problems: [.notFound, .storeUnavailable]
        )
    }

    private var disconnecting: Operation {
        Operation(
            id: "disconnectOwner",
            tag: "grants",
            summary: "Takes a grant from one owner.",
            description: "Others keep it. When the last one has left, Nylas is told to delete it.",
            parameters: [Self.id, Self.owner],
            answers: Self.ends,
            problems: [.notFound, .storeUnavailable]
        )
    }

    private var revoking: Operation {
        Operation(
            id: "revokeGrant",
            tag: "grants",
            summary: "Takes a grant from everybody, and has Nylas delete it.",
            parameters: [Self.id],
            answers: Self.ends,
            problems: [.notFound, .storeUnavailable]
        )
    }

    private static let id = Operation.Parameter.path("id", .text(1...64), "The grant's ID.")
    private static let owner = Operation.Parameter.opaque(
        "owner",
        .text(1...128),
        "Your own ID of the user, percent-encoded as one segment: a slash is %2F."
    )

    private static let ends: [Operation.Answer] = {
        let end = Schema.named(
            "Departure",
            .object([
                .init("grant_id", .text(1...64), "The grant."),
                .init(
                    "outcome",
                    .word(["others_remain", "revoked", "revocation_pending"]),
                    "revoked: Nylas has deleted it; revocation_pending: nobody has it, and the access still exists."
                ),
                .init("remaining_owners", .integer(0...1_000_000_000), "How many others still have it."),
            ])
        )
        return [
            .init(.ok, "The owner has left; the outcome says whether the access is gone.", end),
            .init(.accepted, "Nobody has it any more. Nylas has not deleted it yet; that is tried again.", end),
        ]
    }()
}
