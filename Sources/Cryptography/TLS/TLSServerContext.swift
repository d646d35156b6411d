internal import COpenSSL
package import Sockets

/// Why certificate and key, or trusted certificates, can't be used.
package enum TLSConfigurationError: Error, Hashable, Sendable {
    /// No certificate in PEM, or a broken one.
    case unreadableCertificateChain
    /// No private key in PEM, a broken one, or one that needs a passphrase.
    case unreadablePrivateKey
    /// The key is not the first certificate's: another pair, or the chain in the wrong order (leaf first).
    case keyDoesNotMatchCertificate
    /// RSA below 2048 bits or a signature with SHA-1: clients refuse it as well.
    case weakCertificate
    /// No certificate in PEM among those to be trusted, or a broken one.
    case unreadableTrustedCertificates
}

/// A server's side of TLS: its certificate, its key and what it agrees to.
///
/// An expired certificate is none of its errors: with it the server can still start and say so. Look at `certificate`.
package final class TLSServerContext: Sendable {
    package let certificate: CertificateSummary
    private let context: ContextHandle
    private let answerToPlainHTTP: [UInt8]

    /// - Parameters:
    ///   - certificateChain: PEM, the server's own certificate first, then those that lead to the authority.
    ///   - privateKey: PEM, without a passphrase.
    ///   - answerToPlainHTTP: sent in the clear to a client that speaks HTTP to this port without TLS.
    package convenience init(
        certificateChain: [UInt8],
        privateKey: [UInt8],
        answerToPlainHTTP: [UInt8] = []
    ) throws(TLSConfigurationError) {
        try self.init(certificateChain, privateKey, answerToPlainHTTP, TicketKeys())
    }

    init(
        _ certificateChain: [UInt8],
        _ privateKey: [UInt8],
        _ answerToPlainHTTP: [UInt8],
        _ ticketKeys: TicketKeys
    ) throws(TLSConfigurationError) {
        context = ContextHandle(.server, ticketKeys: ticketKeys)
        certificate = try Self.install(certificateChain, privateKey, in: context)
        self.answerToPlainHTTP = answerToPlainHTTP
        chooseApplicationProtocol()
    }

    /// An engine for one connection, its handshake not begun.
    package func makeEngine() -> TLSEngine {
        TLSEngine(context, as: .server)
    }

    /// Makes a TLS stream of a client's connection.
    ///
    /// - Throws: `.tlsFailed`, and what `transport` throws. The alert has been sent; closing `transport` is the caller's.
    package func accept(
        _ transport: any ByteStream,
        before deadline: Deadline
    ) async throws(StreamError) -> any ByteStream {
        let stream = TLSStream(makeEngine(), as: .server, over: transport)
        do throws(TLSStream.HandshakeError) {
            try await stream.handshake(before: deadline)
        } catch {
            if error == .tls(.plainHTTP), !answerToPlainHTTP.isEmpty {
                try await transport.write(answerToPlainHTTP, [], before: deadline)
                await transport.finishWriting()
            }
            throw error.streamError
        }
        return stream
    }

    private static func install(
        _ certificateChain: [UInt8],
        _ privateKey: [UInt8],
        in context: ContextHandle
    ) throws(TLSConfigurationError) -> CertificateSummary {
        guard let chain = PEMReader.certificates(certificateChain), let leaf = chain.first else {
            throw .unreadableCertificateChain
        }
        guard let key = PEMReader.privateKey(privateKey) else { throw .unreadablePrivateKey }
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard unsafe SSL_CTX_use_certificate(context.pointer, leaf.pointer) == 1 else { throw .weakCertificate }
        guard unsafe X509_check_private_key(leaf.pointer, key.pointer) == 1,
            unsafe SSL_CTX_use_PrivateKey(context.pointer, key.pointer) == 1
        else { throw .keyDoesNotMatchCertificate }
        for certificate in chain.dropFirst() {
            guard unsafe postern_SSL_CTX_add1_chain_cert(context.pointer, certificate.pointer) == 1 else {
                throw .weakCertificate
            }
        }
        return CertificateSummary(leaf)
    }

    /// `http/1.1`, nothing if the client asks for nothing, and an alert if it asks only for others (RFC 7301 §3.2).
    private func chooseApplicationProtocol() {
        // Sound: OpenSSL calls it with the client's list, and what is chosen points into that list, as it wants it.
        unsafe SSL_CTX_set_alpn_select_cb(
            context.pointer,
            { _, chosen, chosenCount, offers, offersCount, _ in
                let list = unsafe UnsafeBufferPointer(start: offers, count: Int(offersCount))
                guard let range = unsafe ApplicationProtocol.range(in: list.span) else {
                    return SSL_TLSEXT_ERR_ALERT_FATAL
                }
                unsafe chosen?.pointee = offers.map { unsafe $0 + range.lowerBound }
                unsafe chosenCount?.pointee = UInt8(range.count)
                return SSL_TLSEXT_ERR_OK
            },
            nil
        )
    }
}
