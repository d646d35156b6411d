import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// Administrators' consents: inviting, and what has come of invitations.
///
/// An invitation that nobody came back with is in no store, so there is nothing to look at.
struct ConsentRoutes: Sendable {
    let settings: ConnectSettings
    let store: any GrantStore
    let wallClock: WallClock
    let random: RandomSource

    var routes: [APIRoute] {
        [
            APIRoute(.post, "/consent-invites", scope: .write, inviting, invite),
            APIRoute(.get, "/consents", scope: .read, listing, list),
            APIRoute(.get, "/consents/{id}", scope: .read, looking, look),
        ]
    }

    // MARK: what they do

    private func invite(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let invite: ConsentInvite
        do throws(ConsentOrderError) {
            invite = try ConsentOrder(call.content).invite(random: random, at: wallClock.now())
        } catch {
            throw APIProblem(.invalidContent, misfits: [error.misfit])
        }
        let sealed = ConsentSeal(keys: settings.sealingKeys, random: random).seal(invite)
        return APIAnswer(
            .created,
            [
                "id": .string(invite.id.text),
                "url": .string(ConsentSeal.address(sealed, at: settings.publicURL)),
                "expires_at": .string(invite.expiresAt.rfc3339),
            ]
        )
    }

    private func list(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let limit = Int(call.query["limit"]?.number ?? GrantPage.standardLimit)
        var after: ConsentID?
        if let cursor = call.query["cursor"]?.text {
            guard let id = ConsentID(cursor) else {
                throw APIProblem(
                    .invalidQuery,
                    misfits: [Misfit(pointer: "cursor", detail: "Must be the next_cursor of an answer.")]
                )
            }
            after = id
        }
        let start = after
        // One more, to know whether there is another page.
        let found = try await stored { () async throws(StoreError) in
            try await store.consents(after: start, limit: limit + 1)
        }
        let page = found.prefix(limit)
        let next = found.count > limit ? page.last?.id.text : nil
        return APIAnswer(.ok, ["consents": .array(page.map(Self.json)), "next_cursor": JSON(next)])
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        guard let id = call.path["id"].flatMap(ConsentID.init) else { throw APIProblem(.notFound) }
        let consent = try await stored { () async throws(StoreError) in try await store.consent(id) }
        guard let consent else { throw APIProblem(.notFound) }
        return APIAnswer(.ok, Self.json(consent))
    }

    private static func json(_ consent: TenantConsent) -> JSON {
        var (grant, reason): (String?, String?) = (nil, nil)
        switch consent.standing {
        case .reported: break
        case .verified(let id): grant = id.text
        case .failed(let text): reason = text
        }
        return [
            "id": .string(consent.id.text),
            "customer": .string(consent.customer),
            "credential_id": .string(consent.credential.text),
            "tenant": JSON(consent.tenant),
            "claimed_tenant": JSON(consent.claimedTenant),
            "probe": JSON(consent.probe),
            "standing": .string(consent.standing.name),
            "reason": JSON(reason),
            "grant_id": JSON(grant),
            "reported_at": .string(consent.reportedAt.rfc3339),
            "ready_at": .string(consent.readyAt.rfc3339),
            "settled_at": JSON(consent.settledAt?.rfc3339),
        ]
    }

    // MARK: what the document says

    private var inviting: Operation {
        func optional(_ name: String, _ schema: Schema, _ description: String) -> Schema.Property {
            .init(name, .nullable(schema), isRequired: false, description)
        }
        let order = Schema.object([
            .init("customer", .text(1...120), "What the page calls the organization; 120 bytes at most."),
            .init("credential_id", .text(1...64), "The adminconsent credential at Nylas."),
            optional("tenant", .text(1...64), "The tenant that the credential is for; absent if it is for any."),
            optional("scopes", .list(of: .text(1...128), atMost: 32), "In place of the app's own; only with tenant."),
            optional("probe", .text(3...254, format: "email"), "A mailbox to try the consent out with."),
            optional("expires_in", .integer(60...2_592_000), "Seconds it is good; 604800 if absent."),
        ])
        let invite = Schema.object([
            .init("id", .text(1...64), "Names the invitation, and the consent that may come of it: fit for logs."),
            .init("url", .text(10...2048, format: "uri"), "For the customer's administrators; may be forwarded."),
            .init("expires_at", .moment, "When it ends."),
        ])
        return Operation(
            id: "createConsentInvite",
            tag: "consents",
            summary: "Invites a customer's Microsoft administrator to approve the app for the organization.",
            description: "Opening it does nothing. What comes back is a browser's claim until a grant proves it.",
            content: .named("ConsentOrder", order),
            answers: [.init(.created, "The invitation.", .named("ConsentInvite", invite))],
            takesIdempotencyKey: true
        )
    }

    private var listing: Operation {
        let page = Schema.object([
            .init("consents", .list(of: Self.consent, atMost: 200), "The newest report first."),
            .init("next_cursor", .nullable(.text(1...200)), "Where the next page begins; null on the last one."),
        ])
        return Operation(
            id: "listConsents",
            tag: "consents",
            summary: "Lists what came of invitations.",
            description: "An invitation that nobody came back with is not among them.",
            parameters: GrantPage.parameters,
            answers: [.init(.ok, "A page of consents.", .named("ConsentPage", page))],
            problems: [.storeUnavailable]
        )
    }

    private var looking: Operation {
        Operation(
            id: "getConsent",
            tag: "consents",
            summary: "What came of one invitation.",
            parameters: [.path("id", .text(1...64), "The invitation's ID.")],
            answers: [.init(.ok, "The consent.", Self.consent)],
            problems: [.notFound, .storeUnavailable]
        )
    }

    private static let consent = Schema.named(
        "Consent",
        .object([
            .init("id", .text(1...64), "The invitation's ID."),
            .init("customer", .text(1...120), "As the invitation calls the organization."),
            .init("credential_id", .text(1...64), "The credential at Nylas."),
            .init("tenant", .nullable(.text(1...64)), "The tenant asked for; null for any."),
            .init("claimed_tenant", .nullable(.text(1...64)), "What a browser said; not proven."),
            .init("probe", .nullable(.text(3...254)), "The mailbox it is tried out with."),
            .init(
                "standing",
                .word(["reported", "verified", "failed"]),
                "reported: a browser says so, which proves nothing; verified: a grant was made with it."
            ),
            .init("reason", .nullable(.text()), "Why it failed, in the provider's or Nylas's terms."),
            .init("grant_id", .nullable(.text(1...64)), "The grant that proves it."),
            .init("reported_at", .moment, "When a browser came back."),
            .init("ready_at", .moment, "When the approval should be everywhere at the provider."),
            .init("settled_at", .nullable(.moment), "When it was verified or failed."),
        ])
    )
}

extension ConsentOrder {
    /// - Parameter content: fits the schema.
    fileprivate init(_ content: JSON) {
        self.init(
            customer: content["customer"]?.text ?? "",
            credential: content["credential_id"]?.text ?? ""
        )
        tenant = content["tenant"]?.text
        scopes = content["scopes"]?.elements?.compactMap(\.text) ?? []
        probe = content["probe"]?.text
        lifetime = content["expires_in"]?.number.map { .seconds($0) }
    }
}

extension ConsentOrderError {
    fileprivate var misfit: Misfit {
        switch self {
        case .customer: Misfit(pointer: "/customer", detail: "Must be 1 to 120 bytes on one line.")
        case .credential: Misfit(pointer: "/credential_id", detail: "Must have the form of a credential's ID.")
        case .tenant: Misfit(pointer: "/tenant", detail: "Must be 1 to 64 of A-Z a-z 0-9 . -")
        case .scopesWithoutTenant:
            Misfit(
                pointer: "/scopes",
                detail: "Needs tenant: for any tenant Microsoft asks for what the app is registered for."
            )
        case .scope: Misfit(pointer: "/scopes", detail: "Each once, of A-Z a-z 0-9 . : / - _")
        case .probe: Misfit(pointer: "/probe", detail: "Must be an e-mail address.")
        case .lifetime: Misfit(pointer: "/expires_in", detail: "Must be 60 to 2592000.")
        case .tooLong:
            Misfit(pointer: "", detail: "All of it together is too long for an address. Name fewer permissions.")
        }
    }
}
