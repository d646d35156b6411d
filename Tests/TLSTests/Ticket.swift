import COpenSSL

@testable import TLS

/// What a client keeps of a connection.
@safe final class Ticket {
    private let session: OpaquePointer?
    private let version: Int32

    init(from context: TLSServerContext, _ version: Int32, asking name: String? = nil) throws {
        var client = PeculiarClient.speaking(version)
        client.ask(for: name)
        var pair = EnginePair(client, context.makeEngine())
        try pair.handshake()
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
}
