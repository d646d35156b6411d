import ConnectApp
import Metrics
import Synchronization
import TLS
import Timekeeping

/// The certificates in use, and what takes their place when the files change. A bad new pair never replaces a good one.
///
/// Files are looked at every few seconds. What has changed is read when it has stood still for one look, so that a pair that
/// is being written is not met halfway; connections that are open keep what they began with, and session tickets stay good.
final class CertificateKeeper: Sendable {
    /// What a look has brought.
    struct Finding: Sendable {
        /// Whether other certificates are in use than before.
        var hasSwapped = false
        /// Why files are not used, where that has not been said yet.
        var faults: [CertificateRefusal] = []
    }

    private typealias Snapshot = Result<[CertificateReading.Sighting], CertificateRefusal>
    private typealias Entry = CertificateReading.Entry

    private struct State {
        var entries: [Entry] = []
        var context: TLSServerContext
        /// What the last look saw, and what was tried last.
        var seen: Snapshot
        var tried: Snapshot
        var faults: [CertificateRefusal]
    }

    static let interval = Duration.seconds(5)

    let swaps = CounterTable()
    let refusals = CounterTable()
    private let source: ConnectConfiguration.TLSSource
    private let host: String
    private let files: FileView
    private let wallClock: WallClock
    private let answerToPlainHTTP: [UInt8]
    private let ticketKeys = TicketKeys()
    private let state: Mutex<State>

    /// Reads everything; an expired certificate is no fault here, since with it one can still start and say so.
    ///
    /// - Parameter host: of `publicURL`.
    /// - Throws: the first fault there is.
    init(
        _ source: ConnectConfiguration.TLSSource,
        host: String,
        files: FileView = .system,
        wallClock: WallClock = .system,
        answerToPlainHTTP: [UInt8] = []
    ) throws(CertificateRefusal) {
        self.source = source
        self.host = host
        self.files = files
        self.wallClock = wallClock
        self.answerToPlainHTTP = answerToPlainHTTP
        let snapshot = Self.snapshot(source, files)
        let reading = CertificateReading(files: files, old: [], now: nil)
        var (entries, faults) = try reading.entries(try snapshot.get())
        if let fault = faults.first { throw fault }
        let context = try Self.context(&entries, &faults, ticketKeys, answerToPlainHTTP)
        state = Mutex(State(entries: entries, context: context, seen: snapshot, tried: snapshot, faults: faults))
    }

    /// What new connections are accepted with.
    var context: TLSServerContext { state.withLock { $0.context } }

    /// Why files that are there are not used.
    var faults: [CertificateRefusal] { state.withLock { $0.faults } }

    /// The certificates in use with the files they come from, in the order in which they count.
    var certificates: [(path: String, summary: CertificateSummary)] {
        state.withLock { $0.entries.map { ($0.sighting.pair.chain, $0.identity.certificate) } }
    }

    /// One look, which reads what has changed once it stands still. May block; to be called by one thread at a time.
    func look() -> Finding {
        let snapshot = Self.snapshot(source, files)
        let isDue = state.withLock { state in
            guard state.seen == snapshot else {
                state.seen = snapshot
                return false
            }
            return state.tried != snapshot || state.faults.contains(where: \.mayPass)
        }
        return isDue ? load(snapshot, rereadsAll: false) : Finding()
    }

    /// Reads everything now, changed or not.
    func reload() -> Finding {
        let snapshot = Self.snapshot(source, files)
        state.withLock { $0.seen = snapshot }
        return load(snapshot, rereadsAll: true)
    }

    private func load(_ snapshot: Snapshot, rereadsAll: Bool) -> Finding {
        let before = state.withLock { $0 }
        var entries: [Entry] = []
        var faults: [CertificateRefusal] = []
        var context: TLSServerContext?
        do throws(CertificateRefusal) {
            let reading = CertificateReading(
                files: files,
                old: before.entries,
                now: wallClock.now().secondsSince1970,
                rereadsAll: rereadsAll
            )
            (entries, faults) = try reading.entries(try snapshot.get())
            let made = try Self.context(&entries, &faults, ticketKeys, answerToPlainHTTP)
            guard covers(entries) || !covers(before.entries) else { throw .losesHost(host) }
            let isAsBefore = entries.map(\.sighting) == before.entries.map(\.sighting)
            if !isAsBefore || rereadsAll && faults.isEmpty { context = made }
        } catch {
            faults.append(error)
        }
        let news = before.tried != snapshot || rereadsAll ? faults : faults.filter { !before.faults.contains($0) }
        state.withLock { state in
            state.tried = snapshot
            state.faults = faults
            if let context {
                state.context = context
                state.entries = entries
            }
        }
        if context != nil { swaps.add() }
        refusals.add(UInt64(news.count))
        return Finding(hasSwapped: context != nil, faults: news)
    }

    private func covers(_ entries: [Entry]) -> Bool {
        entries.contains { CertificateFacts.covers($0.identity.certificate.subjectAlternativeNames, host) }
    }

    /// Puts the entries into one context; those that would never be shown are left out, with a fault each.
    private static func context(
        _ entries: inout [Entry],
        _ faults: inout [CertificateRefusal],
        _ ticketKeys: TicketKeys,
        _ answerToPlainHTTP: [UInt8]
    ) throws(CertificateRefusal) -> TLSServerContext {
        while true {
            do throws(TLSConfigurationError) {
                return try TLSServerContext(
                    identities: entries.map(\.identity),
                    ticketKeys: ticketKeys,
                    answerToPlainHTTP: answerToPlainHTTP
                )
            } catch {
                guard case .neverShown(let index) = error, entries.indices.contains(index) else {
                    throw entries.first.map { .refused(path: $0.sighting.pair.chain, error) } ?? .noCertificate
                }
                faults.append(.refused(path: entries.remove(at: index).sighting.pair.chain, error))
            }
        }
    }

    private static func snapshot(_ source: ConnectConfiguration.TLSSource, _ files: FileView) -> Snapshot {
        Result { () throws(CertificateRefusal) in
            try CertificatePair.all(of: source, files).map { CertificateReading.Sighting($0, files) }
        }
    }
}
