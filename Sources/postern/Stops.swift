import HTTPServer
import Logging
import UnixSignals

/// The two moments of stopping, and the signals that bring them.
final class Stops: Sendable {
    let application = GracefulShutdown()
    let rest = GracefulShutdown()

    func watch(_ signals: UnixSignalsSequence, _ log: LogOutput) async {
        var count = 0
        for await signal in signals {
            count += 1
            guard count == 1 else {
                log.write(level: .warning, event: "cut", [("signal", .text("\(signal)"))])
                // The last lines are given a moment, which a stuck reader cannot make longer.
                log.flush(within: .milliseconds(200))
                // Nothing that was shown as saved is lost: what is in hand is settled at the next start.
                exitNow()
            }
            log.write(level: .info, event: "stopping", [("signal", .text("\(signal)"))])
            application.begin()
        }
    }
}
