import HTTPServer
import HTTPTypes
import Metrics
import Sockets

/// Counts what the public server does. A request costs a look-up of its route and four additions.
final class ServerMetrics: Sendable {
    /// By what a request may be told apart; whatever has no name here is the last of its kind.
    private static let methods: [HTTPRequest.Method] = [.get, .post, .head, .options]
    private static let methodNames = methods.map(\.rawValue) + ["other", "-"]
    private static let statuses = [
        200, 204, 303, 304, 308, 400, 401, 403, 404, 405, 406, 408, 409, 410, 413, 414, 415, 417, 421, 422, 429, 431,
        500,
        501, 502, 503, 504, 505,
    ]
    static let durationBounds: [Duration] = [
        .milliseconds(1), .milliseconds(5), .milliseconds(25), .milliseconds(100), .milliseconds(500), .seconds(2),
        .seconds(20),
    ]

    private let routes: [String]
    private let rows: [String: Int]
    /// By status code, which a response of ours has three digits of.
    private let columns: [UInt8]

    /// A row for each route and method, a column for each status.
    private let requests: CounterTable
    private let durations: DurationHistogram
    private let contentBytes = CounterTable()
    private let refusals = CounterTable(rows: Refusal.all.count)
    private let connections = CounterTable(rows: 2)
    private let connectionsRefused = CounterTable(rows: ConnectionLimit.allCases.count)
    private let acceptFailures = CounterTable()
    /// A row for each version and one for streams that do not say theirs; resumed ones in the second column.
    private let handshakes = CounterTable(rows: StreamSecurity.Version.allCases.count + 1, columns: 2)
    private let handshakeFailures = CounterTable(rows: HandshakeFailure.allCases.count)

    /// - Parameter routes: every template that a response can name; one that is not among them counts as none.
    init(routes: [String]) {
        self.routes = ["-"] + routes
        rows = Dictionary(self.routes.enumerated().map { ($1, $0) }) { first, _ in first }
        columns = (0..<600).map { code in
            UInt8(Self.statuses.firstIndex(of: code) ?? Self.statuses.count)
        }
        requests = CounterTable(rows: self.routes.count * Self.methodNames.count, columns: Self.statuses.count + 1)
        durations = DurationHistogram(bounds: Self.durationBounds, rows: self.routes.count)
    }

    func note(_ record: AccessRecord) {
        let route = record.routeTemplate.flatMap { rows[$0] } ?? 0
        let code = record.status.code
        requests.add(
            row: route * Self.methodNames.count + Self.index(of: record.method),
            column: columns.indices.contains(code) ? Int(columns[code]) : Self.statuses.count
        )
        durations.record(record.duration, row: route)
        contentBytes.add(UInt64(clamping: record.contentBytes))
        if let refusal = record.refusal, let row = Refusal.all.firstIndex(of: refusal) { refusals.add(row: row) }
    }

    func note(_ event: ServerEvent) {
        switch event {
        case .connectionOpened: connections.add(row: 0)
        case .connectionClosed: connections.add(row: 1)
        case .connectionRefused(let limit): connectionsRefused.add(row: limit.index)
        case .handshakeDone(let security):
            let version = security.map { $0.version.index } ?? StreamSecurity.Version.allCases.count
            handshakes.add(row: version, column: security?.isResumed == true ? 1 : 0)
        case .handshakeFailed(let reason): handshakeFailures.add(row: reason.index)
        case .acceptFailed: acceptFailures.add()
        }
    }

    private static func index(of method: HTTPRequest.Method?) -> Int {
        guard let method else { return methods.count + 1 }
        return methods.firstIndex(of: method) ?? methods.count
    }
}

extension ServerMetrics {
    func write(to exposition: inout Exposition) {
        // Read in this order, so that no connection is seen to have ended and not to have begun.
        let closed = connections.value(row: 1)
        let opened = connections.value(row: 0)
        exposition.write(Metric.connectionsOpen) { $0.add(opened - min(closed, opened)) }
        exposition.write(Metric.connections) { $0.add(opened) }
        exposition.write(Metric.connectionsRefused) { samples in
            for limit in ConnectionLimit.allCases {
                samples.add(connectionsRefused.value(row: limit.index), limit.rawValue)
            }
        }
        exposition.write(Metric.acceptFailures) { $0.add(acceptFailures.value()) }
        exposition.write(Metric.handshakes) { samples in
            for (row, name) in (StreamSecurity.Version.allCases.map(\.name) + ["-"]).enumerated() {
                for (column, resumed) in ["no", "yes"].enumerated() where name != "-" || column == 0 {
                    samples.add(handshakes.value(row: row, column: column), name, resumed)
                }
            }
        }
        exposition.write(Metric.handshakeFailures) { samples in
            for reason in HandshakeFailure.allCases {
                samples.add(handshakeFailures.value(row: reason.index), reason.rawValue)
            }
        }
        writeRequests(to: &exposition)
    }

    private func writeRequests(to exposition: inout Exposition) {
        let statusNames = Self.statuses.map(String.init) + ["other"]
        exposition.write(Metric.requests) { samples in
            for (route, template) in routes.enumerated() {
                for (method, methodName) in Self.methodNames.enumerated() {
                    let row = route * Self.methodNames.count + method
                    for (column, status) in statusNames.enumerated() {
                        // Thousands could be; those that have been are told.
                        let count = requests.value(row: row, column: column)
                        if count > 0 { samples.add(count, template, methodName, status) }
                    }
                }
            }
        }
        exposition.write(Metric.requestDuration) { samples in
            for (row, template) in routes.enumerated() { samples.add(durations, row: row, template) }
        }
        exposition.write(Metric.contentBytes) { $0.add(contentBytes.value()) }
        exposition.write(Metric.refusals) { samples in
            for (row, refusal) in Refusal.all.enumerated() { samples.add(refusals.value(row: row), refusal.name) }
        }
    }
}

extension CaseIterable where Self: Equatable {
    /// Which of the cases it is, as a row or a column.
    var index: Int {
        for (index, candidate) in Self.allCases.enumerated() where candidate == self { return index }
        preconditionFailure("a case is among all cases")
    }
}
