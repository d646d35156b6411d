import Testing

@testable import Sockets

@Suite("Sockets passed by whoever starts the process")
struct PassedSocketsTests {
    private static let uses = ["https", "redirect", "operations"]

    private func sockets(
        _ variables: [String: String],
        pid: Int32 = 42
    ) throws(PassedSockets.Fault) -> [String: [Int32]]? {
        var environment = ["LISTEN_PID": "42"]
        environment.merge(variables) { $1 }
        return try PassedSockets(environment: environment, processID: pid)?.descriptors(for: Self.uses)
    }

    @Test(
        arguments: [
            (["LISTEN_FDS": "1"], ["https": [3]]),
            (["LISTEN_FDS": "2"], ["https": [3], "redirect": [4]]),
            (["LISTEN_FDS": "3"], ["https": [3], "redirect": [4], "operations": [5]]),
            (["LISTEN_FDS": "1", "LISTEN_FDNAMES": "postern.socket"], ["https": [3]]),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": "unknown:unknown"], ["https": [3], "redirect": [4]]),
            (["LISTEN_FDS": "1", "LISTEN_FDNAMES": "redirect"], ["redirect": [3]]),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": "redirect:https"], ["redirect": [3], "https": [4]]),
            // IPv4 and IPv6 of one use.
            (["LISTEN_FDS": "3", "LISTEN_FDNAMES": "https:redirect:https"], ["https": [3, 5], "redirect": [4]]),
        ] as [([String: String], [String: [Int32]])]
    )
    func `are taken by name, or in order`(_ variables: [String: String], _ expected: [String: [Int32]]) throws {
        #expect(try sockets(variables) == expected)
    }

    @Test(
        arguments: [
            ([:], 42), (["LISTEN_PID": "42"], 42), (["LISTEN_FDS": "1"], 43), (["LISTEN_FDS": "x"], 43),
            (["LISTEN_FDS": "1", "LISTEN_PID": ""], 42), (["LISTEN_FDS": "1", "LISTEN_PID": "042"], 42),
        ] as [([String: String], Int32)]
    )
    func `are none where nothing is said to this process`(_ variables: [String: String], _ pid: Int32) throws {
        #expect(try sockets(variables, pid: pid) == nil)
    }

    @Test(
        arguments: [
            (["LISTEN_FDS": ""], .malformedCount), (["LISTEN_FDS": "0"], .malformedCount),
            (["LISTEN_FDS": "-1"], .malformedCount), (["LISTEN_FDS": "+1"], .malformedCount),
            (["LISTEN_FDS": "1 "], .malformedCount), (["LISTEN_FDS": "65"], .malformedCount),
            (["LISTEN_FDS": "99999999999999999999"], .malformedCount),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": "https"], .malformedNames),
            (["LISTEN_FDS": "1", "LISTEN_FDNAMES": "https:redirect"], .malformedNames),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": "https:other"], .unknownName("other")),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": ":https"], .unknownName("")),
            (["LISTEN_FDS": "2", "LISTEN_FDNAMES": "https:HTTPS"], .unknownName("HTTPS")),
            (["LISTEN_FDS": "4"], .tooMany(4)),
        ] as [([String: String], PassedSockets.Fault)]
    )
    func `are refused where it is not clear what they are for`(
        _ variables: [String: String],
        _ fault: PassedSockets.Fault
    ) {
        #expect(throws: fault) { _ = try sockets(variables) }
    }
}
