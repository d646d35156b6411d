import ConnectApp
import Logging
import UnixSignals

/// What SIGHUP does: the certificates are read again now, and the log's level is taken from the configuration as it stands.
///
/// Nothing else changes without a restart, and the log says which other keys would with one. A faulty configuration changes
/// nothing.
struct Reloading: Sendable {
    let log: LogOutput
    let certificates: CertificateWatch?
    /// The configuration that this process runs with.
    let configuration: ConnectConfiguration
    let reread: @Sendable () throws(CommandFailure) -> ConnectConfiguration

    /// Until the task is cancelled.
    func watchSignals() async {
        for await _ in await UnixSignalsSequence(trapping: .sighup) { await reload() }
    }

    func reload() async {
        rereadConfiguration()
        await certificates?.reload()
    }

    private func rereadConfiguration() {
        let new: ConnectConfiguration
        do throws(CommandFailure) {
            new = try reread()
        } catch {
            return log.write(level: .error, event: "configuration not taken over", [("reason", .text(error.message))])
        }
        let (before, level) = (log.level, Logger.Level(configured: new.logLevel))
        log.level = level
        var members: [(name: String, value: LogOutput.Value)] = [("log_level", .text(level.rawValue))]
        if before != level { members.append(("before", .text(before.rawValue))) }
        let waiting = Self.changedKeys(from: configuration.effective, to: new.effective).filter { $0 != "log.level" }
        if !waiting.isEmpty { members.append(("needs_restart", .text(waiting.joined(separator: " ")))) }
        // Also where the new level would leave it out: whoever has asked wants to know.
        log.write(level: max(level, .notice), event: "reloaded", members)
    }

    /// The names of the keys whose values differ. A secret shows only as "set": that another one is set is not seen.
    static func changedKeys(from old: [EffectiveSetting], to new: [EffectiveSetting]) -> [String] {
        func values(_ settings: [EffectiveSetting]) -> [String: String] {
            Dictionary(settings.map { ($0.key, $0.value) }) { first, _ in first }
        }
        let (old, new) = (values(old), values(new))
        return Set(old.keys).union(new.keys).filter { old[$0] != new[$0] }.sorted()
    }
}

extension Logger.Level {
    /// A word that the configuration has accepted.
    init(configured word: String) {
        self = Logger.Level(rawValue: word) ?? .info
    }
}
