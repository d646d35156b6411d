import ConnectApp
import Glibc
import HTTPSemantics
import Sockets

/// Listening sockets that whoever started this process has opened for it, and which of ours each one is.
struct PassedListeners: Sendable {
    var application: [Int32] = []
    var redirect: [Int32] = []
    var operations: [Int32] = []

    /// Reads what is passed to this process, and forgets the variables.
    ///
    /// The application's is named for what it speaks, so that a socket meant for TLS can never be served in the clear.
    static func take(_ configuration: ConnectConfiguration) throws(CommandFailure) -> PassedListeners {
        let passed: PassedSockets?
        do throws(PassedSockets.Fault) {
            passed = try PassedSockets(environment: environment(), processID: getpid())
        } catch {
            throw failure(error)
        }
        PassedSockets.forget()
        guard let passed else { return PassedListeners() }
        let (own, other) = configuration.tls == nil ? ("http", "https") : ("https", "http")
        guard !passed.names.contains(other) else {
            throw failure(
                configuration.tls == nil
                    ? "is for https, and tls.certificateChain is not set"
                    : "is for http, and tls.certificateChain is set",
                name: other
            )
        }
        let descriptors: [String: [Int32]]
        do throws(PassedSockets.Fault) {
            descriptors = try passed.descriptors(for: [own, "redirect", "operations"])
        } catch {
            throw failure(error)
        }
        let listeners = PassedListeners(
            application: descriptors[own] ?? [],
            redirect: descriptors["redirect"] ?? [],
            operations: descriptors["operations"] ?? []
        )
        guard listeners.redirect.isEmpty || configuration.publicURL.scheme == .https else {
            throw failure("has nowhere to send people: publicURL is not https", name: "redirect")
        }
        return listeners
    }

    private static func failure(_ what: String, name: String) -> CommandFailure {
        CommandFailure(status: .configuration, message: "The socket \(name) that was passed \(what).")
    }

    private static func failure(_ fault: PassedSockets.Fault) -> CommandFailure {
        let message =
            switch fault {
            case .malformedCount: "LISTEN_FDS must be the number of sockets passed, 1 to 64."
            case .malformedNames: "LISTEN_FDNAMES must have one name for each socket, separated by colons."
            case .unknownName(let name):
                "A socket was passed with the name \"\(name.filter { $0.isLetter || $0.isNumber || "-_.".contains($0) })\": "
                    + "https, http, redirect and operations are known."
            case .tooMany(let count):
                "\(count) sockets were passed without a name: at most three are taken in order (https or http, redirect, "
                    + "operations)."
            }
        return CommandFailure(status: .configuration, message: message)
    }
}
