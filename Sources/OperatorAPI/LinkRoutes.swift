import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping
import Web

/// Links: making one, looking what has become of it, ending it early.
///
/// A link that nobody came back with is in no store. So an ID that Postern has never made is also unused, and to end it does
/// no harm.
struct LinkRoutes: Sendable {
    let settings: ConnectSettings
    let store: any GrantStore
    let wallClock: WallClock
    let random: RandomSource

    var routes: [APIRoute] {
        [
            APIRoute(.post, "/links", scope: .write, creating, create),
            APIRoute(.get, "/links/{id}", scope: .read, looking, look),
            APIRoute(.delete, "/links/{id}", scope: .write, revoking, revoke),
        ]
    }

    // MARK: what they do

    private func create(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let order = try await order(call.content)
        let link: ConnectLink
        do throws(LinkOrderError) {
            link = try order.link(for: settings, random: random, at: wallClock.now())
        } catch {
            throw APIProblem(.invalidContent, misfits: [error.misfit(of: order)])
        }
        let sealed = LinkSeal(keys: settings.sealingKeys, random: random).seal(link)
        return APIAnswer(
            .created,
            [
                "id": .string(link.id.text),
                "url": .string(LinkSeal.address(sealed, at: settings.publicURL)),
                "expires_at": .string(link.expiresAt.rfc3339),
            ]
        )
    }

    private func look(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        APIAnswer(.ok, try await standing(of: linkID(of: call)))
    }

    private func revoke(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let id = try linkID(of: call)
        // When it ends is only in the link itself; no link ends later than this, and until then the store must remember.
        let claim = LinkClaim(id: id, expiresAt: wallClock.now() + ConnectLink.lifetimes.upperBound)
        let use = try await stored { () async throws(StoreError) in try await store.revoke(claim, by: call.actor) }
        guard use == .revoked else { throw APIProblem(.linkUsed) }
        return APIAnswer(.ok, try await standing(of: id))
    }

    private func standing(of id: LinkID) async throws(APIProblem) -> JSON {
        let use = try await stored { () async throws(StoreError) in try await store.use(of: id) }
        var (word, grant): (String, GrantID?) = ("unused", nil)
        switch use {
        case nil: break
        case .revoked: word = "revoked"
        case .reserved(let flow), .used(let flow):
            let standing = try await stored { () async throws(StoreError) in try await store.record(of: flow) }?
                .standing
            if case .used? = use {
                word = "used"
                if case .answered(let outcome)? = standing { grant = outcome.grantID }
            } else if case .open? = standing {
                word = "reserved"
            }
        }
        return ["id": .string(id.text), "standing": .string(word), "grant_id": JSON(grant?.text)]
    }

    private func linkID(of call: APICall) throws(APIProblem) -> LinkID {
        guard let id = call.path["id"].flatMap(LinkID.init) else { throw APIProblem(.notFound) }
        return id
    }

    // MARK: what the document says

    private var creating: Operation {
        let texts = settings.providers.map(\.rawValue)
        func optional(_ name: String, _ schema: Schema, _ description: String) -> Schema.Property {
            .init(name, .nullable(schema), isRequired: false, description)
        }
        let order = Schema.object([
            .init("owner", .text(1...128), "Your own ID of the user the mailbox will belong to; 128 bytes at most."),
            optional("owner_name", .text(1...120), "What the page calls that user."),
            optional("expected_address", .text(3...254, format: "email"), "The one mailbox that may be connected."),
            optional("login_hint", .text(3...254, format: "email"), "An address to fill in, if another may be used."),
            optional("providers", .list(of: .word(texts), atMost: 16), "What to offer, in this order; all if absent."),
            optional("profile", .text(1...64), "The access profile; the configured one if absent."),
            optional("tags", .map(of: .text(0...120), atMost: 8), "Kept with the connection, for your own use."),
            optional(
                "binding",
                .word(Binding.allCases.map(\.rawValue)),
                "pinned: you have verified expected_address; confirmed: you say who is signed in, before the exchange."
            ),
            optional(
                "reconnect",
                .text(1...64),
                "The ID of a grant of this owner that has stopped working: the link offers its mailbox at its provider and nothing "
                    + "else, and the grant keeps its ID. Its address and provider are known, so expected_address, login_hint and "
                    + "providers must be absent; its tags stay if tags is."
            ),
            optional("return_url", .text(8...2048, format: "uri"), "One of connect.returnURLs, byte for byte."),
            optional("expires_in", .integer(60...604_800), "Seconds it is good; 3600 if absent."),
        ])
        let link = Schema.object([
            .init("id", .text(1...64), "Names the link, and opens nothing: fit for logs."),
            .init("url", .text(10...2048, format: "uri"), "The link itself: a secret, for the user and nobody else."),
            .init("expires_at", .moment, "When it ends."),
        ])
        return Operation(
            id: "createLink",
            tag: "links",
            summary: "Makes a link with which one user of yours connects one mailbox.",
            description:
                "It is good for one connection and for its life; opening it uses nothing. not_found is about reconnect: "
                + "the errors say whether there is no such grant or it is another owner's.",
            content: .named("LinkOrder", order),
            answers: [.init(.created, "The link.", .named("Link", link))],
            problems: [.notFound],
            takesIdempotencyKey: true
        )
    }

    private var looking: Operation {
        Operation(
            id: "getLink",
            tag: "links",
            summary: "What has become of a link.",
            description: "An ID that was never made is unused: what nobody came back with costs the server nothing.",
            parameters: [Self.id],
            answers: [.init(.ok, "Where it stands.", Self.standing)],
            problems: [.notFound, .storeUnavailable]
        )
    }

    private var revoking: Operation {
        Operation(
            id: "revokeLink",
            tag: "links",
            summary: "Ends a link before its time.",
            description: "What was connected with it stays connected. May be repeated.",
            parameters: [Self.id],
            answers: [.init(.ok, "It is ended.", Self.standing)],
            problems: [.notFound, .linkUsed, .storeUnavailable]
        )
    }

    private static let id = Operation.Parameter.path("id", .text(1...64), "The link's ID.")

    private static let standing = Schema.named(
        "LinkStanding",
        .object([
            .init("id", .text(1...64), "The link's ID."),
            .init(
                "standing",
                .word(["unused", "reserved", "used", "revoked"]),
                "reserved: somebody is connecting with it right now; used: it has made its one connection."
            ),
            .init("grant_id", .nullable(.text(1...64)), "What was connected, for as long as the flow is remembered."),
        ])
    )
}
