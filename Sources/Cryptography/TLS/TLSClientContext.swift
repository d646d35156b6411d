internal import COpenSSL
import Glibc
package import Sockets

/// A client's side of TLS: whom it trusts. Chain and name are always verified; nothing turns that off.
package final class TLSClientContext: Sendable {
    package enum Trust: Hashable, Sendable {
        /// The system's authorities; `SSL_CERT_FILE` and `SSL_CERT_DIR` in the environment replace them.
        case system
        /// PEM: these certificates alone, authorities or single servers.
        case certificates([UInt8])
    }

    private let context: ContextHandle
    private let report: @Sendable (_ host: String, TLSFailure) -> Void

    /// - Parameter report: is told why a handshake failed, in more words than `StreamError` has.
    package init(
        trust: Trust,
        reporting report: @escaping @Sendable (_ host: String, TLSFailure) -> Void = { _, _ in }
    ) throws(TLSConfigurationError) {
        context = ContextHandle(.client)
        self.report = report
        unsafe SSL_CTX_set_verify(context.pointer, SSL_VERIFY_PEER, nil)
        // Answers 0 for success, unlike all its relatives. Sound: the list lives across the call and is copied.
        let refused = unsafe SSL_CTX_set_alpn_protos(
            context.pointer,
            ApplicationProtocol.offered,
            UInt32(ApplicationProtocol.offered.count)
        )
        precondition(refused == 0, "the list is a constant of the right form")
        switch trust {
        case .system: try trustSystem()
        case .certificates(let text): try trustOnly(text)
        }
    }

    /// An engine for one connection to `host`, its handshake not begun; nil if `host` is no name and no address.
    package func makeEngine(host: String) -> TLSEngine? {
        guard let identity = HostIdentity(host) else { return nil }
        var engine = TLSEngine(context, as: .client)
        engine.demand(identity)
        return engine
    }

    /// Makes a TLS stream of a connection to `host`: a DNS name, or an IP address without brackets.
    ///
    /// - Throws: `.certificateNotTrusted`, `.tlsFailed`, and what `transport` throws. The alert has been sent; closing
    ///   `transport` is the caller's.
    package func connect(
        _ transport: any ByteStream,
        to host: String,
        before deadline: Deadline
    ) async throws(StreamError) -> any ByteStream {
        guard let engine = makeEngine(host: host) else {
            report(host, .certificateRefused(.wrongName))
            throw .certificateNotTrusted
        }
        let stream = TLSStream(engine, as: .client, over: transport)
        do throws(TLSStream.HandshakeError) {
            try await stream.handshake(before: deadline)
        } catch {
            if case .tls(let failure) = error { report(host, failure) }
            throw error.streamError
        }
        return stream
    }

    /// Trusts the system's authorities, read one by one as they are needed where the system keeps a hashed directory
    /// (Debian does): its bundle of some 140 costs tens of milliseconds of a start and two megabytes of memory.
    private func trustSystem() throws(TLSConfigurationError) {
        guard unsafe getenv(String(cString: X509_get_default_cert_file_env())) == nil, SystemAuthorities.areHashed
        else {
            guard unsafe SSL_CTX_set_default_verify_paths(context.pointer) == 1 else {
                throw .unreadableTrustedCertificates
            }
            return
        }
        guard unsafe SSL_CTX_set_default_verify_dir(context.pointer) == 1 else {
            throw .unreadableTrustedCertificates
        }
    }

    private func trustOnly(_ text: [UInt8]) throws(TLSConfigurationError) {
        guard let certificates = PEMReader.certificates(text) else { throw .unreadableTrustedCertificates }
        let store = unsafe SSL_CTX_get_cert_store(context.pointer)
        for certificate in certificates {
            // The store takes a reference of its own.
            guard unsafe X509_STORE_add_cert(store, certificate.pointer) == 1 else {
                throw .unreadableTrustedCertificates
            }
        }
        // What the operator names is trusted as it is, also an intermediate authority or a single server.
        unsafe X509_STORE_set_flags(store, UInt(X509_V_FLAG_PARTIAL_CHAIN))
    }
}
