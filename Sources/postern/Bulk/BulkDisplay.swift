import BulkGrants
import GrantStore
import Synchronization
import Timekeeping

/// One line about a run: how far, how fast, how long still, and by outcome.
struct BulkLine {
    /// From here on there is room for a bar.
    private static let columnsForBar = 60

    var progress: BulkProgress
    /// Rows with an outcome a second, lately; nil while that is not known.
    var rate: Double?
    /// Of the terminal; the last one stays free, or the line would break there.
    var columns = 80

    /// For a terminal, with a bar where there is room, never longer than it is wide.
    var bar: String {
        let counts = progress.counts
        let total = max(counts.total, 1)
        let cells = 16
        let filled = done * cells / total
        let bar = String(repeating: "#", count: filled) + String(repeating: "-", count: cells - filled)
        var text = columns < Self.columnsForBar ? "" : "[\(bar)] "
        text += "\(done * 100 / total) % \(done)/\(counts.total)"
        if let waiting = progress.waiting {
            text += "  \(Self.clock(waiting.remaining)): \(waiting.reason.words)"
        } else {
            text += pace
            text += outcomes(counts)
        }
        let width = max(columns - 1, 1)
        return text.count <= width ? text : String(text.prefix(width - 1)) + "…"
    }

    /// For a log.
    var plain: String {
        let counts = progress.counts
        let waiting = progress.waiting.map { ", waiting \(Self.clock($0.remaining)): \($0.reason.words)" } ?? ""
        return "\(done) of \(counts.total)\(pace)\(outcomes(counts))\(waiting)"
    }

    private var done: Int { progress.counts.total - progress.counts.open }

    private var pace: String {
        guard let rate, rate > 0 else { return "" }
        let left = Duration.seconds(Int64((Double(progress.counts.open) / rate).rounded(.up)))
        let shown = rate < 10 ? "\(Int(rate)).\(Int(rate * 10) % 10)" : "\(Int(rate))"
        return "  \(shown)/s  \(Self.clock(left)) left"
    }

    private func outcomes(_ counts: BulkCounts) -> String {
        let named: [(BulkRow.Standing, String)] = [
            (.connected, "new"), (.reauthenticated, "again"), (.skipped, "before"), (.failed, "failed"),
        ]
        return named.compactMap { counts[$0] > 0 ? "  \(counts[$0]) \($1)" : nil }.joined()
    }

    /// `4:05`, `1:02:03`.
    static func clock(_ duration: Duration) -> String {
        let seconds = max(0, Int((duration.wholeMicroseconds + 999_999) / 1_000_000))
        let rest = "\(padded(seconds % 60, 2))"
        return seconds < 3600 ? "\(seconds / 60):\(rest)" : "\(seconds / 3600):\(padded(seconds / 60 % 60, 2)):\(rest)"
    }
}

/// Shows a run: a bar that is drawn over itself on a terminal, else a line now and then.
final class BulkDisplay: Sendable {
    private struct State {
        var rate = BulkRate()
        var drawnAt: Duration?
        var lastWaiting: BulkProgress.Reason?
    }

    private let isTerminal: Bool
    private let columns: @Sendable () -> Int
    private let start = ContinuousClock.now
    private let state = Mutex(State())
    private let write: @Sendable (String) -> Void

    /// - Parameters:
    ///   - columns: asked for each line, since a window may change.
    ///   - write: is given text with its own line ends.
    init(
        isTerminal: Bool,
        columns: @escaping @Sendable () -> Int,
        write: @escaping @Sendable (String) -> Void
    ) {
        self.isTerminal = isTerminal
        self.columns = columns
        self.write = write
    }

    func show(_ progress: BulkProgress) {
        let now = start.duration(to: .now)
        let interval = isTerminal ? Duration.milliseconds(100) : .seconds(10)
        // Written under the lock: two lines must not mix.
        state.withLock { state in
            let rate = state.rate.note(progress.counts.total - progress.counts.open, at: now)
            let isNews = !isTerminal && progress.waiting != nil && progress.waiting?.reason != state.lastWaiting
            state.lastWaiting = progress.waiting?.reason
            guard isNews || state.drawnAt.map({ now - $0 >= interval }) ?? true else { return }
            state.drawnAt = now
            let line = BulkLine(progress: progress, rate: rate, columns: columns())
            write(isTerminal ? "\r\u{1B}[K" + line.bar : line.plain + "\n")
        }
    }

    /// Takes the bar away, so that a sentence can stand there.
    func clear() {
        if isTerminal { write("\r\u{1B}[K") }
    }
}
