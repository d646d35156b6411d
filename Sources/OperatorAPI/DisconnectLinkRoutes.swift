import ConnectApp
import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Timekeeping

/// Disconnect links: a person's own way out, for the host app's settings or messages.
struct DisconnectLinkRoutes: Sendable {
    let settings: ConnectSettings
    let store: any GrantStore
    let wallClock: WallClock
    let random: RandomSource

    var routes: [APIRoute] {
        [APIRoute(.post, "/disconnect-links", scope: .write, creating, create)]
    }

    private func create(_ call: APICall) async throws(APIProblem) -> APIAnswer {
        let link: DisconnectLink
        do throws(DisconnectOrderError) {
            link = try await DisconnectOrder(call.content).link(in: store, at: wallClock.now())
        } catch {
            throw error.problem
        }
        let sealed = DisconnectSeal(keys: settings.sealingKeys, random: random).seal(link)
        return APIAnswer(
            .created,
            [
                "url": .string(DisconnectSeal.address(sealed, at: settings.publicURL)),
                "grant_id": .string(link.grant.text),
                "owner": JSON(link.owner?.text),
                "expires_at": .string(link.expiresAt.rfc3339),
            ]
        )
    }

    private var creating: Operation {
        let order = Schema.object([
            .init("grant_id", .text(1...64), "The grant that is to end for its owner."),
            .init(
                "owner",
                .nullable(.text(1...128)),
                isRequired: false,
                "Whose connection ends; absent only for a mailbox that was connected openly."
            ),
            .init("owner_name", .nullable(.text(1...120)), isRequired: false, "What the page calls that user."),
            .init(
                "expires_in",
                .nullable(.integer(60...2_592_000)),
                isRequired: false,
                "Seconds it is good; 604800 if absent."
            ),
        ])
        let link = Schema.object([
            .init("url", .text(10...2048, format: "uri"), "The link: for that user and nobody else."),
            .init("grant_id", .text(1...64), "The grant."),
            .init("owner", .nullable(.text(1...128)), "Whose connection it ends."),
            .init("expires_at", .moment, "When it ends."),
        ])
        return Operation(
            id: "createDisconnectLink",
            tag: "links",
            summary: "Makes a link with which a person disconnects a mailbox.",
            description:
                "Opening it does nothing; its page asks. It is for the connection as it is now, not for a later one.",
            content: .named("DisconnectLinkOrder", order),
            answers: [.init(.created, "The link.", .named("DisconnectLink", link))],
            problems: [.notFound, .storeUnavailable],
            takesIdempotencyKey: true
        )
    }
}

extension DisconnectOrder {
    /// - Parameter content: fits the schema.
    fileprivate init(_ content: JSON) {
        self.init(grant: content["grant_id"]?.text ?? "", owner: content["owner"]?.text)
        ownerName = content["owner_name"]?.text
        lifetime = content["expires_in"]?.number.map { .seconds($0) }
    }
}

extension DisconnectOrderError {
    fileprivate var problem: APIProblem {
        func misfit(_ pointer: String, _ detail: String) -> APIProblem {
            APIProblem(.invalidContent, misfits: [Misfit(pointer: pointer, detail: detail)])
        }
        return switch self {
        case .grant: misfit("/grant_id", "Must have the form of a grant's ID.")
        case .owner: misfit("/owner", "Must be 1 to 128 bytes on one line.")
        case .ownerName: misfit("/owner_name", "Must be 1 to 120 bytes on one line.")
        case .ownerMissing: misfit("/owner", "Is missing: the mailbox has owners.")
        case .lifetime: misfit("/expires_in", "Must be 60 to 2592000.")
        case .unknownGrant:
            APIProblem(
                .notFound,
                misfits: [Misfit(pointer: "/grant_id", detail: "There is no such grant, or it is being deleted.")]
            )
        case .notOwner:
            APIProblem(.notFound, misfits: [Misfit(pointer: "/owner", detail: "This owner does not hold the grant.")])
        case .store: APIProblem(.storeUnavailable, retryAfter: .seconds(5))
        }
    }
}
