import COpenSSL

@testable import TLS

/// A client that deviates: the makers of its engines turn off or on what `TLSClientContext` never would.
enum PeculiarClient {
    /// Speaks no version after `version`, nor before it, and takes any certificate.
    static func speaking(_ version: Int32) -> TLSEngine {
        let context = anyServer()
        // OpenSSL leaves TLS 1.1 out above level 0, even when asked for it.
        unsafe SSL_CTX_set_security_level(context.pointer, 0)
        _ = unsafe SSL_CTX_set_cipher_list(context.pointer, "ALL")
        _ = unsafe postern_SSL_CTX_set_protocol_versions(context.pointer, version, version)
        return TLSEngine(context, as: .client)
    }

    /// Offers these application protocols (RFC 7301); none at all if the list is empty.
    static func offering(_ protocols: [String]) -> TLSEngine {
        let context = anyServer()
        let offers = protocols.flatMap { [UInt8($0.utf8.count)] + Array($0.utf8) }
        // Sound: the list lives across the call and is copied.
        if !offers.isEmpty { _ = unsafe SSL_CTX_set_alpn_protos(context.pointer, offers, UInt32(offers.count)) }
        return TLSEngine(context, as: .client)
    }

    /// Has only these suites of TLS 1.2.
    static func suites(_ list: String) -> TLSEngine {
        let context = anyServer()
        unsafe SSL_CTX_set_security_level(context.pointer, 0)
        _ = unsafe postern_SSL_CTX_set_protocol_versions(context.pointer, TLS1_2_VERSION, TLS1_2_VERSION)
        _ = unsafe SSL_CTX_set_cipher_list(context.pointer, list)
        return TLSEngine(context, as: .client)
    }

    /// Comes back with the ticket of an earlier connection.
    static func resuming(_ session: OpaquePointer?, speaking version: Int32) -> TLSEngine {
        let engine = speaking(version)
        _ = unsafe SSL_set_session(engine.ssl, session)
        return engine
    }

    /// Knows only these signature algorithms, and speaks one version.
    static func signatures(_ list: String, speaking version: Int32) -> TLSEngine {
        let engine = speaking(version)
        _ = unsafe postern_SSL_set1_sigalgs_list(engine.ssl, list)
        return engine
    }

    private static func anyServer() -> ContextHandle {
        let context = ContextHandle(.client)
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_NONE, nil)
        return context
    }
}

extension TLSEngine {
    /// Sends this name in SNI, if any, and demands nothing of the certificate.
    mutating func ask(for name: String?) {
        guard let name else { return }
        _ = unsafe postern_SSL_set_tlsext_host_name(ssl, name)
    }

    /// What the other side has shown.
    var peerCertificate: CertificateSummary? {
        guard let pointer = unsafe SSL_get1_peer_certificate(ssl) else { return nil }
        return unsafe CertificateSummary(Certificate(owning: pointer))
    }
}
