internal import COpenSSL

/// An `SSL_CTX` with what server and client have in common: TLS 1.2 and 1.3, forward secrecy and AEAD only.
///
/// Configured before the first connection is made of it and not changed afterwards; OpenSSL counts its references and
/// locks what its connections share.
@safe final class ContextHandle: @unchecked Sendable {
    let pointer: OpaquePointer
    private let ticketKeys: TicketKeys?
    /// Kept alive for the client hello's callback.
    private var choice: CertificateChoice?

    /// - Parameter ticketKeys: a server's; another context with the same ones honours its tickets.
    init(_ role: TLSEngine.Role, ticketKeys: TicketKeys? = nil) {
        ERR_clear_error()
        guard let pointer = unsafe SSL_CTX_new(role == .server ? TLS_server_method() : TLS_client_method()) else {
            preconditionFailure("OpenSSL makes a context unless memory has run out or its configuration is broken")
        }
        unsafe self.pointer = pointer
        self.ticketKeys = ticketKeys
        unsafe ticketKeys?.install(in: pointer)
        // OpenSSL would give two, for clients that open several connections at once. Ours mostly keep one, and a ticket
        // costs a twelfth of the handshake.
        if role == .server { unsafe SSL_CTX_set_num_tickets(pointer, 1) }
        unsafe postern_SSL_CTX_set_options(pointer)
        unsafe postern_SSL_CTX_set_mode(pointer)
        // 112 bits of security: RSA from 2048 bits, no SHA-1. The machine's openssl.cnf may ask for less, so say it here.
        unsafe SSL_CTX_set_security_level(pointer, 2)
        // Tickets carry the sessions; a server-side cache would grow with its clients.
        unsafe postern_SSL_CTX_forget_sessions(pointer)
        let set =
            unsafe postern_SSL_CTX_set_protocol_versions(pointer, TLS1_2_VERSION, TLS1_3_VERSION) == 1
            && SSL_CTX_set_cipher_list(pointer, Self.suites12) == 1
            && SSL_CTX_set_ciphersuites(pointer, Self.suites13) == 1
            && postern_SSL_CTX_set1_groups_list(pointer, Self.groups) == 1
        precondition(set, "OpenSSL 3 knows these suites and groups by these names")
    }

    deinit {
        unsafe SSL_CTX_free(pointer)
    }

    /// A ticket resumes only where the certificates that are shown are for the same names as when it was given: whoever
    /// has one of `a.example` must not go on to speak as if it had seen a certificate for `b.example`. The names, not the
    /// certificates, so that a renewal costs nobody a whole handshake.
    func bindTickets(to names: [String]) {
        let text = Array(Set(names.map { $0.lowercased() }).sorted().joined(separator: "\n").utf8)
        var digest = [UInt8](repeating: 0, count: 32)
        // Sound: both arrays live across the calls; the digest has the size of SHA-256, and is copied by the context.
        let isSet =
            unsafe EVP_Digest(text, text.count, &digest, nil, EVP_sha256(), nil) == 1
            && SSL_CTX_set_session_id_context(pointer, digest, UInt32(digest.count)) == 1
        precondition(isSet, "32 bytes are what a session ID context has room for")
    }

    /// Makes connections of this context go on with another one where the client's name asks for it.
    ///
    /// - Parameter others: for `names.selections` from the second on; this context is for the first.
    func choose(among others: [ContextHandle], by names: ServerNames) {
        let choice = CertificateChoice(others, names)
        self.choice = choice
        choice.install(in: self)
    }

    /// The suites of TLS 1.2 that RFC 9325 §4.2 recommends, AES first: the processors we run on have it built in.
    private static let suites12 = [
        "ECDHE-ECDSA-AES128-GCM-SHA256", "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384", "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305", "ECDHE-RSA-CHACHA20-POLY1305",
    ].joined(separator: ":")
    private static let suites13 = "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256"
    /// X25519 before P-256 saves about a third of a handshake's CPU time.
    private static let groups = "X25519:P-256:P-384"
}

/// The one application protocol that we speak (RFC 7301 §6).
enum ApplicationProtocol {
    static let name = "http/1.1"
    /// As a list on the wire: each name after its length.
    static let offered = [UInt8(name.utf8.count)] + Array(name.utf8)

    /// Where `http/1.1` lies in a client's list, nil if it is not in it or the list is malformed.
    static func range(in offers: Span<UInt8>) -> Range<Int>? {
        var index = 0
        while index < offers.count {
            let start = index + 1
            let end = start + Int(offers[index])
            guard end <= offers.count, end > start else { return nil }
            if end - start == name.utf8.count, zip(start..<end, name.utf8).allSatisfy({ offers[$0] == $1 }) {
                return start..<end
            }
            index = end
        }
        return nil
    }
}
