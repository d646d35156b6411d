import ArgumentParser
import ConnectApp
import Cryptography
import GrantStore
import Grants
import Timekeeping

struct ConsentCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "consent",
        abstract:
            "Invites the administrators of a customer to approve the app for their organization, and shows what came of it.",
        subcommands: [Invite.self, List.self]
    )

    struct Invite: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes an invitation for a customer's Microsoft administrator.",
            discussion: """
                The invitation may be forwarded until it reaches an administrator; opening it does nothing. What comes back is a browser's \
                claim: name a mailbox of the customer with --probe, and it is tried out as soon as Microsoft is ready.

                Example: postern consent invite --config config.json --customer "Acme" --credential 2a0b… --probe it@acme.example
                """
        )

        @OptionGroup var options: ConfigurationOptions
        @Option(help: ArgumentHelp("What the page calls the organization.", valueName: "NAME")) var customer: String
        @Option(help: ArgumentHelp("The adminconsent credential's ID at Nylas.", valueName: "ID")) var credential:
            String
        @Option(help: ArgumentHelp("The tenant that the credential is for; none if it is for any.", valueName: "ID"))
        var tenant: String?
        @Option(
            help: ArgumentHelp("A permission to ask for, instead of the app's own; needs --tenant.", valueName: "NAME")
        )
        var scope: [String] = []
        @Option(
            help: ArgumentHelp("A mailbox to try the consent out with; it is connected then.", valueName: "ADDRESS")
        )
        var probe: String?
        @Option(help: ArgumentHelp("How long it is good: 12h or 30d (at most); 7d without.", valueName: "TIME"))
        var expires: String?
        @Flag(name: .long, help: "One JSON object instead of the address alone.") var json = false

        func run() async throws {
            var order = ConsentOrder(customer: customer, credential: credential)
            order.tenant = tenant
            order.scopes = scope
            order.probe = probe
            if let expires {
                guard let lifetime = lifetime(expires) else {
                    throw ValidationError("--expires must be a number with s, m, h or d, for example 12h.")
                }
                order.lifetime = lifetime
            }
            let settings = try ConnectSettings(options.read())
            let invite: ConsentInvite
            do throws(ConsentOrderError) {
                invite = try order.invite(random: .system, at: WallClock.system.now())
            } catch {
                throw ValidationError(error.sentence)
            }
            let sealed = ConsentSeal(keys: settings.sealingKeys, random: .system).seal(invite)
            let address = ConsentSeal.address(sealed, at: settings.publicURL)
            print(json ? GrantOutput.encode(Output(invite, address: address)) : address)
        }

        private struct Output: Encodable {
            var url: String
            var id: String
            var customer: String
            var credential_id: String
            var expires_at: String

            init(_ invite: ConsentInvite, address: String) {
                url = address
                id = invite.id.text
                customer = invite.customer
                credential_id = invite.credential.text
                expires_at = invite.expiresAt.rfc3339
            }
        }
    }

    struct List: AsyncParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the consents that came of invitations, the newest first.",
            discussion: """
                An invitation that nobody came back with is not in the list.

                Example: postern consent list --data /var/lib/postern --json
                """
        )

        @OptionGroup var store: GrantsCommand.StoreOptions
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false

        func run() async throws {
            let store = try await store.open()
            var consents: [TenantConsent] = []
            while true {
                let after = consents.last?.id
                let page = try await readStore { () async throws(StoreError) in
                    try await store.consents(after: after, limit: 1000)
                }
                consents += page
                guard page.count == 1000 else { break }
            }
            print(json ? GrantOutput.encode(consents.map(ConsentOutput.init)) : ConsentOutput.table(consents))
        }
    }
}

/// A consent as the command line prints it.
struct ConsentOutput: Encodable {
    var id: String
    var customer: String
    var credential_id: String
    var tenant: String?
    /// What a browser said; not proven.
    var claimed_tenant: String?
    var probe: String?
    var standing: String
    var reason: String?
    var grant_id: String?
    var reported_at: String
    var ready_at: String
    var settled_at: String?

    init(_ consent: TenantConsent) {
        id = consent.id.text
        customer = consent.customer
        credential_id = consent.credential.text
        tenant = consent.tenant
        claimed_tenant = consent.claimedTenant
        probe = consent.probe
        standing = consent.standing.name
        switch consent.standing {
        case .reported: break
        case .verified(let grant): grant_id = grant.text
        case .failed(let reason): self.reason = reason
        }
        reported_at = consent.reportedAt.rfc3339
        ready_at = consent.readyAt.rfc3339
        settled_at = consent.settledAt?.rfc3339
    }

    static func table(_ consents: [TenantConsent]) -> String {
        guard !consents.isEmpty else { return "Nobody has come back from an invitation yet." }
        let rows =
            [["CONSENT", "CUSTOMER", "STANDING", "REPORTED", "CREDENTIAL", "TENANT (CLAIMED)"]]
            + consents.map { consent in
                let reason = if case .failed(let reason) = consent.standing { ": \(reason)" } else { "" }
                return [
                    consent.id.text, consent.customer, consent.standing.name + reason, consent.reportedAt.rfc3339,
                    consent.credential.text, consent.claimedTenant ?? "–",
                ].map(GrantOutput.printable)
            }
        return GrantOutput.columns(rows)
    }
}

extension ConsentOrderError {
    /// What a person at the command line is told.
    fileprivate var sentence: String {
        switch self {
        case .customer: "--customer must be 1 to 120 bytes on one line."
        case .credential: "--credential: that is not the form of a credential's ID."
        case .tenant: "--tenant must be the tenant's ID, 1 to 64 of A-Z a-z 0-9 . -"
        case .scopesWithoutTenant:
            "--scope needs --tenant: for a credential of any tenant (common) Microsoft asks for what the app is registered for."
        case .scope(let scope): "--scope \(scope): at most 32, each once, of A-Z a-z 0-9 . : / - _"
        case .probe: "--probe must be an e-mail address of at most 254 bytes."
        case .lifetime: "--expires must be at least 60s and at most 30d."
        case .tooLong:
            "All of it together is too long for an address. Name fewer permissions, or without their https:// part."
        }
    }
}
