import TLS
import TestSupport

/// A client's and a server's engine, and the bytes on their way between them.
struct EnginePair: ~Copyable {
    var client: TLSEngine
    var server: TLSEngine
    var toServer: [UInt8] = []
    var toClient: [UInt8] = []
    /// Hand over one byte at a time.
    var isByteByByte = false

    init(_ client: consuming TLSEngine, _ server: consuming TLSEngine) {
        self.client = client
        self.server = server
    }

    /// Carries bytes until both are done.
    mutating func handshake() throws(TLSFailure) {
        var isClientDone = false
        var isServerDone = false
        while true {
            if !isClientDone { isClientDone = try stepClient() }
            if !isServerDone { isServerDone = try stepServer() }
            if isClientDone, isServerDone { return }
            // Both wait for bytes and there are none: a rule of the test is broken, not of TLS.
            if toServer.isEmpty, toClient.isEmpty { throw .protocolViolation }
        }
    }

    private mutating func stepClient() throws(TLSFailure) -> Bool {
        var arriving = Self.next(&toClient, isByteByByte)
        return try client.handshake(&arriving, &toServer) == .done
    }

    private mutating func stepServer() throws(TLSFailure) -> Bool {
        var arriving = Self.next(&toServer, isByteByByte)
        return try server.handshake(&arriving, &toClient) == .done
    }

    private static func next(_ bytes: inout [UInt8], _ isByteByByte: Bool) -> [UInt8] {
        let count = isByteByByte ? min(1, bytes.count) : bytes.count
        defer { bytes.removeFirst(count) }
        return Array(bytes.prefix(count))
    }

    mutating func clientWrites(_ plaintext: [UInt8]) throws(TLSFailure) {
        try client.write(plaintext.span, &toServer)
    }

    mutating func serverWrites(_ plaintext: [UInt8]) throws(TLSFailure) {
        try server.write(plaintext.span, &toClient)
    }

    /// Everything that the server can read from what is under way to it.
    mutating func serverReads() throws(TLSFailure) -> [UInt8] {
        var plaintext: [UInt8] = []
        while case .bytes = try server.read(&toServer, &toClient, into: &plaintext, limit: 16_384) {}
        return plaintext
    }

    mutating func clientReads() throws(TLSFailure) -> [UInt8] {
        var plaintext: [UInt8] = []
        while case .bytes = try client.read(&toClient, &toServer, into: &plaintext, limit: 16_384) {}
        return plaintext
    }
}

/// What the tests share: making keys takes longer than using them.
enum Fixture {
    static let authority = Result { try TestAuthority() }
    static let localhost = Result { try authority.get().issue(for: ["localhost", "127.0.0.1", "::1"]) }

    static func server(_ identity: TestIdentity? = nil) throws -> TLSServerContext {
        try TLSServerContext(identities: [Fixture.identity(identity)])
    }

    static func identity(_ identity: TestIdentity? = nil) throws -> TLSIdentity {
        let identity = try identity ?? localhost.get()
        return try TLSIdentity(certificateChain: identity.certificateChain, privateKey: identity.privateKey)
    }

    /// Issued by the authority of these tests.
    static func identity(for names: [String], key: TestAuthority.Key = .p256) throws -> TLSIdentity {
        try identity(authority.get().issue(for: names, key: key))
    }

    static func client(_ trusted: [UInt8]? = nil) throws -> TLSClientContext {
        try TLSClientContext(trust: .certificates(trusted ?? authority.get().certificate))
    }

    static func pair(
        _ identity: TestIdentity? = nil,
        trusting trusted: [UInt8]? = nil,
        host: String = "localhost"
    ) throws -> EnginePair {
        try pair(server(identity), trusting: trusted, host: host)
    }

    static func pair(
        _ server: TLSServerContext,
        trusting trusted: [UInt8]? = nil,
        host: String
    ) throws -> EnginePair {
        guard let engine = try client(trusted).makeEngine(host: host) else {
            throw TLSFailure.certificateRefused(.wrongName)
        }
        return EnginePair(engine, server.makeEngine())
    }
}
