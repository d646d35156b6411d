import ConnectApp
import Glibc

/// How many files and connections the system lets this process have open.
enum DescriptorLimit {
    /// For what is no client's connection: event loops, listeners, the store, connections to Nylas, refusals in progress.
    static let reserve = 256

    /// The most that this process may allow itself; what is in effect may be less until ``raise()``.
    static var hard: Int { current.map { count($0.rlim_max) } ?? 1024 }

    /// Allows this process as much as it may: the usual 1,024 are for programs that still use select(2).
    static func raise() {
        guard var limit = current, limit.rlim_cur < limit.rlim_max else { return }
        limit.rlim_cur = limit.rlim_max
        // Sound: the structure lives across the call. A failure leaves what was.
        _ = unsafe setrlimit(files, &limit)
    }

    /// How many connections there can be of those that the configuration allows.
    static func connections(of limits: Limits, within descriptors: Int) -> Int {
        min(limits.connections, max(descriptors - reserve, 16))
    }

    /// What `postern check` says of it: the limit is the shell's, and the server's own may be another.
    static func finding(_ limits: Limits) -> Finding {
        let possible = connections(of: limits, within: hard)
        guard possible < limits.connections else {
            return Finding("descriptors", .ok, "this process may have \(hard) open, enough for limits.connections")
        }
        return Finding(
            "descriptors",
            .warning,
            "this process may have \(hard) open: \(possible) connections, not \(limits.connections)",
            advice: advice
        )
    }

    static let advice =
        "Raise the hard limit of open files (LimitNOFILE= in a unit, --ulimit nofile= for a container), or lower "
        + "limits.connections."

    private static let files = __rlimit_resource_t(7)

    private static var current: rlimit? {
        var limit = rlimit()
        // Sound: the call writes one structure.
        return unsafe getrlimit(files, &limit) == 0 ? limit : nil
    }

    /// Unlimited is more than anybody counts to.
    private static func count(_ limit: rlim_t) -> Int { Int(min(limit, 1 << 30)) }
}
