package import Web

/// What one client, and all of them together, may take of Postern's time and memory: the `limits` of the configuration.
///
/// Whoever joins the parts hands them to the server, which knows nothing of this room.
package struct Limits: Hashable, Sendable {
    package var requestLineBytes = 8 << 10
    package var fieldBytes = 16 << 10
    package var fieldSectionBytes = 32 << 10
    package var fieldCount = 100
    package var formBytes = 16 << 10
    package var apiBytes = 256 << 10
    package var handshakeSeconds = 10
    package var headSeconds = 10
    package var contentSeconds = 30
    package var idleSeconds = 60
    package var writeSeconds = 30
    package var shutdownGraceSeconds = 20
    package var connections = 20_000
    package var connectionsPerClient = 256
    package var startsPerMinute = 60
    package var startsBurst = 60
    package var callbacksPerMinute = 120
    package var callbacksBurst = 120
    package var apiFailuresPerMinute = 30
    package var apiFailuresBurst = 30

    package init() {}

    var starts: Rate { Rate(perMinute: startsPerMinute, burst: startsBurst) }
    /// How often one network may come to the operator API without a token that is good.
    package var apiFailures: Rate { Rate(perMinute: apiFailuresPerMinute, burst: apiFailuresBurst) }
    /// Nylas's own come from few addresses and are right: only what is refused counts.
    package var refusedNotifications: Rate { callbacks }
    var callbacks: Rate { Rate(perMinute: callbacksPerMinute, burst: callbacksBurst) }

    /// Reads every limit; one that is wrong is a fault of the reader's and stands here with its default.
    static func read(_ reader: inout ConfigurationReader) -> Limits {
        var limits = Limits()
        for key in LimitKey.all {
            let standard = limits[keyPath: key.path]
            limits[keyPath: key.path] = reader.value(key.key, default: standard, shownAs: String(standard))
        }
        if limits.fieldBytes > limits.fieldSectionBytes {
            reader.conflict(
                "limits.fieldBytes",
                "must not be more than limits.fieldSectionBytes, which all fields share."
            )
        }
        return limits
    }
}

/// One of the ``Limits`` as a key: its name ends in its unit, and a value outside its range is refused.
struct LimitKey: Sendable {
    let path: any WritableKeyPath<Limits, Int> & Sendable
    let name: String
    let range: ClosedRange<Int>
    let key: ConfigurationKey<Int>

    init(_ path: any WritableKeyPath<Limits, Int> & Sendable, _ name: String, _ range: ClosedRange<Int>, _ what: String)
    {
        self.path = path
        self.name = "limits." + name
        self.range = range
        key = ConfigurationKey(
            self.name,
            "a whole number from \(range.lowerBound) to \(range.upperBound): \(what)",
            example: String(Limits()[keyPath: path])
        ) { raw in raw.wholeNumber.flatMap { range.contains($0) ? $0 : nil } }
    }

    /// In the order of `config.example.json`. The least values still let every page and every callback of ours work: Nylas's
    /// codes and five open flows' cookies fit. The greatest keep the memory that one client can take within bounds.
    static let all = [
        LimitKey(\.requestLineBytes, "requestLineBytes", 4 << 10...64 << 10, "the bytes of a request line"),
        LimitKey(\.fieldBytes, "fieldBytes", 8 << 10...256 << 10, "the bytes of one field"),
        LimitKey(\.fieldSectionBytes, "fieldSectionBytes", 16 << 10...1 << 20, "the bytes of all fields of a request"),
        LimitKey(\.fieldCount, "fieldCount", 32...1000, "the fields of a request"),
        LimitKey(\.formBytes, "formBytes", 1 << 10...1 << 20, "the bytes of a form"),
        LimitKey(\.apiBytes, "apiBytes", 4 << 10...1 << 20, "the bytes of a request to the operator API"),
        LimitKey(\.handshakeSeconds, "handshakeSeconds", 1...120, "the seconds for a TLS handshake"),
        LimitKey(\.headSeconds, "headSeconds", 1...120, "the seconds for the head of a request"),
        LimitKey(\.contentSeconds, "contentSeconds", 1...600, "the seconds for the content of a request"),
        LimitKey(\.idleSeconds, "idleSeconds", 1...3600, "the seconds between two requests of a connection"),
        LimitKey(\.writeSeconds, "writeSeconds", 1...600, "the seconds for the writing of a response"),
        LimitKey(\.shutdownGraceSeconds, "shutdownGraceSeconds", 1...600, "the seconds to finish what is in hand"),
        LimitKey(\.connections, "connections", 16...1_000_000, "all connections together"),
        LimitKey(\.connectionsPerClient, "connectionsPerClient", 8...1_000_000, "the connections of one client"),
        LimitKey(\.startsPerMinute, "startsPerMinute", 1...1_000_000, "how many flows one client starts a minute"),
        LimitKey(\.startsBurst, "startsBurst", 1...1_000_000, "how many flows one client starts at once"),
        LimitKey(
            \.callbacksPerMinute,
            "callbacksPerMinute",
            1...1_000_000,
            "how many answers one client brings a minute"
        ),
        LimitKey(\.callbacksBurst, "callbacksBurst", 1...1_000_000, "how many answers one client brings at once"),
        LimitKey(
            \.apiFailuresPerMinute,
            "apiFailuresPerMinute",
            1...1_000_000,
            "how many calls without a good token one client makes a minute"
        ),
        LimitKey(
            \.apiFailuresBurst,
            "apiFailuresBurst",
            1...1_000_000,
            "how many calls without a good token one client makes at once"
        ),
    ]
}
