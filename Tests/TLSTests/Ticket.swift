import COpenSSL

@testable import TLS

/// What a client keeps of a connection.
@safe final class Ticket {
    private let session: OpaquePointer?
    private let version: Int32

    convenience init(from context: TLSServerContext, _ version: Int32, asking name: String? = nil) throws {
        var client = PeculiarClient.speaking(version)
        client.ask(for: name)
        var pair = EnginePair(client, context.makeEngine())
        try pair.handshake()
        try self.init(of: pair, version)
    }

    private init(of connection: consuming EnginePair, _ version: Int32) throws {
        var pair = connection
        try pair.serverWrites([1])
        _ = try pair.clientReads()
        unsafe session = SSL_get1_session(pair.client.ssl)
        self.version = version
        // OpenSSL resumes nothing of a connection that ended without a farewell.
        pair.client.finishWriting(&pair.toServer)
    }

    deinit { unsafe SSL_SESSION_free(session) }

    func isHonoured(by context: TLSServerContext, asking name: String? = nil) throws -> Bool {
        var client = unsafe PeculiarClient.resuming(session, speaking: version)
        client.ask(for: name)
        var pair = EnginePair(client, context.makeEngine())
        try pair.handshake()
        return pair.server.isResumed
    }

    /// What the client has after it came back with this one; nil if it was not honoured.
    func next(from context: TLSServerContext) throws -> Ticket? {
        let client = unsafe PeculiarClient.resuming(session, speaking: version)
        var pair = EnginePair(client, context.makeEngine())
        try pair.handshake()
        guard pair.server.isResumed else { return nil }
        return try Ticket(of: pair, version)
    }

    func isSame(as other: Ticket) -> Bool {
        unsafe bytes(of: session) == bytes(of: other.session)
    }

    private func bytes(of session: OpaquePointer?) -> [UInt8] {
        var ticket: UnsafePointer<UInt8>?
        var count = 0
        unsafe SSL_SESSION_get0_ticket(session, &ticket, &count)
        // Sound: the ticket lives as long as the session and has the length given.
        return unsafe Array(UnsafeBufferPointer(start: ticket, count: count))
    }
}
