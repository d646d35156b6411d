import Sockets

/// Lets the first report of a row through and then one in a while, so that a flood of connections is no flood of lines.
struct ReportThrottle {
    private let interval: Duration
    private var next: Deadline?

    init(every interval: Duration) {
        self.interval = interval
    }

    mutating func passes(at now: Deadline) -> Bool {
        if let next, now < next { return false }
        next = now + interval
        return true
    }
}
