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
    /// A certificate of the chain is not followed by the one that vouches for it (RFC 5246 §7.4.2).
    case chainOutOfOrder
    /// Neither RSA nor ECDSA with a curve of RFC 8446 §4.2.3 nor Ed25519.
    case unsupportedKey
    /// RSA below 2048 bits or a signature with SHA-1: clients refuse it as well.
    case weakCertificate
    /// A server without a certificate.
    case noCertificate
    /// All the names of the certificate at this place in the list are those of earlier ones with the same kind of key.
    case neverShown(index: Int)
    /// No certificate in PEM among those to be trusted, or a broken one.
    case unreadableTrustedCertificates
}

/// A server's side of TLS: its certificates, their keys and what it agrees to.
package final class TLSServerContext: Sendable {
    /// Of every identity, in the order given; the first is shown to those who ask for no name that is known.
    package let certificates: [CertificateSummary]
    private let context: ContextHandle
    private let answerToPlainHTTP: [UInt8]

    /// - Parameters:
    ///   - identities: at least one; several for other names, or for the same names with another kind of key.
    ///   - ticketKeys: those of the context that this one replaces, so that its tickets are honoured.
    ///   - answerToPlainHTTP: sent in the clear to a client that speaks HTTP to this port without TLS.
    /// - Throws: `.noCertificate`, `.neverShown`.
    package init(
        identities: [TLSIdentity],
        ticketKeys: TicketKeys = TicketKeys(),
        answerToPlainHTTP: [UInt8] = []
    ) throws(TLSConfigurationError) {
        guard !identities.isEmpty else { throw .noCertificate }
        certificates = identities.map(\.certificate)
        self.answerToPlainHTTP = answerToPlainHTTP
        let names = ServerNames(certificates)
        if let unused = names.unused(of: identities.count).first { throw .neverShown(index: unused) }
        var contexts: [ContextHandle] = []
        for selection in names.selections {
            let context = ContextHandle(.server, ticketKeys: ticketKeys)
            for index in selection { try identities[index].install(in: context) }
            context.bindTickets(to: selection.flatMap { identities[$0].certificate.subjectAlternativeNames })
            Self.chooseApplicationProtocol(in: context)
            contexts.append(context)
        }
        context = contexts[0]
        if contexts.count > 1 { context.choose(among: Array(contexts.dropFirst()), by: names) }
    }

    /// - Parameters:
    ///   - certificateChain: PEM, the server's own certificate first, then those that lead to the authority.
    ///   - privateKey: PEM, without a passphrase.
    ///   - answerToPlainHTTP: sent in the clear to a client that speaks HTTP to this port without TLS.
    package convenience init(
        certificateChain: [UInt8],
        privateKey: [UInt8],
        answerToPlainHTTP: [UInt8] = []
    ) throws(TLSConfigurationError) {
        let identity = try TLSIdentity(certificateChain: certificateChain, privateKey: privateKey)
        try self.init(identities: [identity], answerToPlainHTTP: answerToPlainHTTP)
    }

    /// The first certificate.
    package var certificate: CertificateSummary { certificates[0] }

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

    /// `http/1.1`, nothing if the client asks for nothing, and an alert if it asks only for others (RFC 7301 §3.2).
    private static func chooseApplicationProtocol(in context: ContextHandle) {
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
