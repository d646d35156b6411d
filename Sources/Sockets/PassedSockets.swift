import Glibc

/// Listening sockets that whoever started this process has opened for it, such as systemd (sd_listen_fds(3)).
///
/// Then a port below 1024 needs no right of ours, and while one process stops and the next one starts nobody is refused: the
/// socket stays open in between.
package struct PassedSockets: Equatable, Sendable {
    package enum Fault: Error, Hashable, Sendable {
        /// LISTEN_FDS is no number from 1 to 64.
        case malformedCount
        /// LISTEN_FDNAMES has not one name for each socket.
        case malformedNames
        /// None of the names that are understood; the others are.
        case unknownName(String)
        /// Without known names sockets are taken in order, and these are more than there is use for.
        case tooMany(Int)
    }

    /// One name for each socket, in the order of their descriptors, which begin at 3.
    package var names: [String]

    /// Reads the variables; nil if there are none, or if they are meant for another process.
    package init?(environment: [String: String], processID: Int32) throws(Fault) {
        guard let count = environment["LISTEN_FDS"], environment["LISTEN_PID"] == String(processID) else { return nil }
        guard count.utf8.allSatisfy({ (48...57).contains($0) }), let number = Int(count), (1...64).contains(number)
        else {
            throw .malformedCount
        }
        guard let list = environment["LISTEN_FDNAMES"] else {
            names = Array(repeating: "", count: number)
            return
        }
        names = list.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        guard names.count == number else { throw .malformedNames }
    }

    /// Says which descriptors are for what: by their names, several of one name together; or, where not one of the names is
    /// known, one for each use in order.
    ///
    /// - Parameter uses: the names understood, in the order in which nameless sockets are taken.
    package func descriptors(for uses: [String]) throws(Fault) -> [String: [Int32]] {
        var found: [String: [Int32]] = [:]
        if names.contains(where: uses.contains) {
            for (index, name) in names.enumerated() {
                guard uses.contains(name) else { throw .unknownName(name) }
                found[name, default: []].append(Int32(3 + index))
            }
        } else {
            guard names.count <= uses.count else { throw .tooMany(names.count) }
            for (index, use) in zip(names.indices, uses) { found[use] = [Int32(3 + index)] }
        }
        return found
    }

    /// Takes the variables out of the environment, so that no program that this one starts believes they are for it.
    package static func forget() {
        for name in ["LISTEN_PID", "LISTEN_FDS", "LISTEN_FDNAMES"] {
            // Sound: the name lives across the call.
            unsafe unsetenv(name)
        }
    }
}
