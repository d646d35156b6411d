import BulkGrants
import GrantStore
import HTTPSemantics
import HTTPTypes

extension BulkRunRoutes {
    var creating: Operation {
        func optional(_ name: String, _ schema: Schema, _ description: String) -> Schema.Property {
            .init(name, .nullable(schema), isRequired: false, description)
        }
        let mailbox = Schema.object([
            .init("email", .text(3...254), "The mailbox."),
            optional("owner", .text(1...128), "Your own ID of the user whom it belongs to."),
            optional("profile", .text(1...64), "An access profile in place of the order's."),
            optional("scopes", .list(of: .text(1...512), atMost: 32), "Google's, in place of a profile's."),
            optional("tags", .map(of: .text(0...120), atMost: 8), "Kept with the owner; 8 names in the whole order."),
        ])
        let order = Schema.object([
            .init("credential_id", .text(1...64), "Of a service account, or of an administrator's consent."),
            .init(
                "mailboxes",
                .list(of: .named("BulkMailbox", mailbox), atMost: Self.mailboxesAtMost),
                "Each address once, in any case."
            ),
            optional("profile", .text(1...64), "The access profile; the configured one if absent."),
            optional("dry_run", .boolean, "Says what would be done, and sends nothing."),
            optional("include_connected", .boolean, "Authenticates again what is connected already."),
            optional(
                "consented_at",
                .moment,
                "When the administrator approved: nothing is sent in the five minutes after. Reported consents are known anyway."
            ),
        ])
        let plan = Schema.object([
            .init("mailboxes", .integer(0...100_000), "How many there are."),
            .init("to_connect", .integer(0...100_000), "How many would be sent."),
            .init(
                "connected_already",
                .list(
                    of: .object([
                        .init("line", .integer(2...1_000_000), "2 is the first mailbox, as in a CSV of the order."),
                        .init("grant_id", .nullable(.text(1...64)), "Its grant."),
                    ]),
                    atMost: Self.mailboxesAtMost
                ),
                "Those whose grant works and has the owner."
            ),
        ])
        return Operation(
            id: "createBulkRun",
            tag: "bulk runs",
            summary: "Connects many mailboxes of an organization with one credential.",
            description:
                "All mailboxes are checked before any is sent. The run is on disk when this is answered, and the server works on it, after a restart too. A credential has one unfinished run at a time.",
            content: .named("BulkOrder", order),
            answers: [
                .init(.created, "The run.", Self.run),
                .init(.ok, "A dry run, or there is nothing to be sent: no run was made.", .named("BulkPlan", plan)),
            ],
            problems: APIProblem.ofNylas + [.nylasRefused, .runUnfinished],
            takesIdempotencyKey: true
        )
    }

    var listing: Operation {
        let page = Schema.object([
            .init("runs", .list(of: Self.run, atMost: 200), "The newest first."),
            .init("next_cursor", .nullable(.text(1...200)), "Where the next page begins; null on the last one."),
        ])
        return Operation(
            id: "listBulkRuns",
            tag: "bulk runs",
            summary: "Lists runs, those that commands began among them.",
            parameters: GrantPage.parameters,
            answers: [.init(.ok, "A page of runs.", .named("BulkRunPage", page))],
            problems: [.storeUnavailable]
        )
    }

    var looking: Operation {
        Operation(
            id: "getBulkRun",
            tag: "bulk runs",
            summary: "Where a run stands.",
            parameters: [Self.id],
            answers: [.init(.ok, "The run.", Self.run)],
            problems: [.notFound, .storeUnavailable]
        )
    }

    var listingRows: Operation {
        let row = Schema.object([
            .init("line", .integer(1...1_000_000_000), "2 is the first mailbox."),
            .init("email", .text(0...512), "The mailbox."),
            .init("owner", .nullable(.text(1...128)), "Your own ID of the user."),
            .init("tags", .map(of: .text(0...120), atMost: 8), "As ordered."),
            .init("outcome", .word(Self.outcomes), "pending and sent are none yet."),
            .init("grant_id", .nullable(.text(1...64)), "Its grant."),
            .init("reason", .nullable(.text(0...1000)), "Why it failed or was put off: Nylas's names and numbers."),
        ])
        let page = Schema.object([
            .init("rows", .list(of: .named("BulkRow", row), atMost: 200), "In the order of the list."),
            .init("next_cursor", .nullable(.text(1...200)), "Where the next page begins; null on the last one."),
        ])
        return Operation(
            id: "listBulkRows",
            tag: "bulk runs",
            summary: "What has become of each mailbox of a run.",
            parameters: [Self.id, .query("outcome", .word(Self.outcomes), "Only those with this one.")]
                + GrantPage.parameters,
            answers: [.init(.ok, "A page of rows.", .named("BulkRowPage", page))],
            problems: [.notFound, .storeUnavailable]
        )
    }

    var exporting: Operation {
        Operation(
            id: "getBulkResult",
            tag: "bulk runs",
            summary: "What has become of a run, as CSV.",
            description: "It is a list again, that postern grants create takes.",
            parameters: [Self.id, .query("only_failed", .boolean, "Only what is to be tried once more.")],
            answers: [.init(.ok, "email, owner, scopes, tags, result, grant_id, reason.", .text(), as: Self.csv)],
            problems: [.notFound, .runTooLong, .storeUnavailable]
        )
    }

    var resuming: Operation {
        Operation(
            id: "resumeBulkRun",
            tag: "bulk runs",
            summary: "Has the server go on with a run, whoever began it.",
            description: "May be repeated. While a command works on runs of this store, the server waits.",
            parameters: [Self.id],
            answers: [.init(.ok, "The run.", Self.run)],
            problems: [.notFound, .runOver, .storeUnavailable]
        )
    }

    var cancelling: Operation {
        Operation(
            id: "cancelBulkRun",
            tag: "bulk runs",
            summary: "Sends nothing more of a run.",
            description:
                "For good: what was not sent fails as cancelled. What was connected stays connected. May be repeated.",
            parameters: [Self.id],
            answers: [.init(.ok, "The run.", Self.run)],
            problems: [.notFound, .runOver, .storeUnavailable]
        )
    }

    private static let id = Operation.Parameter.path("id", .text(1...32), "The run's ID.")
    private static let outcomes = BulkRow.Standing.allCases.map(\.rawValue)

    private static let run = Schema.named(
        "BulkRun",
        .object([
            .init("id", .text(1...32), "Names it here and for postern grants create --resume."),
            .init(
                "state",
                .word(BulkStanding.State.allCases.map(\.rawValue)),
                "stopped: the server does not work on it, because it gave up (stop_reason) or a command began it."
            ),
            .init(
                "stop_reason",
                .nullable(.text(1...64)),
                "unauthorized: Nylas does not take the API key. unreachable, throttled: for fifteen minutes."
            ),
            .init("provider", .text(1...64), "As Nylas names it."),
            .init("credential_id", .text(1...64), "What it connects with."),
            .init("mailboxes", .integer(0...1_000_000_000), "How many it has."),
            .init(
                "outcomes",
                .object(outcomes.map { .init($0, .integer(0...1_000_000_000), "How many stand so.") }),
                "pending and sent have none yet; skipped were connected before."
            ),
            .init("waiting_for", .nullable(.word(BulkProgress.Reason.names)), "What keeps it from sending right now."),
            .init("waiting_seconds", .nullable(.integer(0...1_000_000_000)), "How long that will take."),
            .init("seconds_left", .nullable(.integer(0...1_000_000_000)), "An estimate; null if the server is not to."),
            .init("ready_at", .nullable(.moment), "Before this a consent has not spread, and nothing is sent."),
            .init("created_at", .moment, "When it was ordered."),
            .init("cancelled_at", .nullable(.moment), "Since when nothing more of it is sent."),
            .init("finished_at", .nullable(.moment), "Since when every mailbox has an outcome."),
        ])
    )
}
