import Grants
import HTTPSemantics
import HTTPTypes
import Nylas

extension CredentialRoutes {
    private static let providers = Schema.word(Provider.withOrganizations.map(\.rawValue))

    var listing: Operation {
        let page = Schema.object([
            .init("credentials", .list(of: Self.credential, atMost: 200), "Each provider's, the oldest first."),
            .init("next_cursor", .nullable(.text(1...200)), "Where the next page begins; null on the last one."),
        ])
        return Operation(
            id: "listCredentials",
            tag: "credentials",
            summary: "Lists credentials, as Nylas has them.",
            description: "A page may be short, or empty, and not be the last one.",
            parameters: [.query("provider", Self.providers, "Only those of this provider.")] + GrantPage.parameters,
            answers: [.init(.ok, "A page of credentials.", .named("CredentialPage", page))],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused]
        )
    }

    var looking: Operation {
        Operation(
            id: "getCredential",
            tag: "credentials",
            summary: "One credential, but never what it holds.",
            parameters: [Self.id],
            answers: [.init(.ok, "The credential.", Self.credential)],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused]
        )
    }

    var creating: Operation {
        func optional(_ name: String, _ schema: Schema, _ description: String) -> Schema.Property {
            .init(name, .nullable(schema), isRequired: false, description)
        }
        let order = Schema.object(
            [
                .init("name", .text(1...100), "One of each at Nylas; 100 bytes at most."),
                .init("provider", Self.providers, "google takes service_account_key; microsoft takes the others."),
                optional("service_account_key", .anyObject, "The key file's object, as Google gave it."),
                optional("tenant", .text(1...253), "common, for any organization, or the ID of one."),
            ] + ProviderApp.properties
        )
        return Operation(
            id: "createCredential",
            tag: "credentials",
            summary: "Makes a credential: of a Google service account, or for a Microsoft administrator's consent.",
            description:
                "A key is checked, then sent to Nylas. Postern keeps nothing of it, and no answer has it. Without client_id the connector's app is used.",
            content: .named("CredentialOrder", order),
            answers: [.init(.created, "The credential, without what it holds.", Self.credential)],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused],
            takesIdempotencyKey: true
        )
    }

    var deleting: Operation {
        let end = Schema.object([
            .init("id", .text(1...64), "What was deleted."),
            .init("stopped_grants", .integer(0...1_000_000_000), "How many grants stopped working with it."),
        ])
        return Operation(
            id: "deleteCredential",
            tag: "credentials",
            summary: "Deletes a credential: every grant that was made with it stops working.",
            description:
                "If more than confirm_grants would stop, nothing is deleted and the problem names them: call again with their number.",
            parameters: [
                Self.id,
                .query("confirm_grants", .integer(0...1_000_000_000), "How many may stop; none if absent."),
            ],
            answers: [.init(.ok, "It is deleted.", .named("CredentialEnd", end))],
            problems: APIProblem.ofNylas + [.notFound, .nylasRefused, .credentialInUse, .storeUnavailable]
        )
    }

    private static let id = Operation.Parameter.path("id", .text(1...64), "The credential's ID.")

    private static let credential = Schema.named(
        "Credential",
        .object([
            .init("id", .text(1...64), "Names it in invitations and bulk runs."),
            .init("name", .text(), "As it was named."),
            .init("provider", providers, "Whose organizations it is for."),
            .init("type", .nullable(.text(1...64)), "serviceaccount, adminconsent or connector, where Nylas says it."),
            .init("created_at", .nullable(.moment), "When it was made, where Nylas says it."),
        ])
    )
}
