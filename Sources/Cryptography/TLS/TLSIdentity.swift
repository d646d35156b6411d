internal import COpenSSL

/// A certificate with its chain and key, examined: what a server can prove itself with.
///
/// An expired certificate is no fault: with it a server can still start and say so. Look at `certificate`.
package struct TLSIdentity: Sendable {
    package let certificate: CertificateSummary
    private let pair: Pair

    /// - Parameters:
    ///   - certificateChain: PEM, the server's own certificate first, then each followed by the one that vouches for it.
    ///   - privateKey: PEM, without a passphrase.
    package init(certificateChain: [UInt8], privateKey: [UInt8]) throws(TLSConfigurationError) {
        guard let chain = PEMReader.certificates(certificateChain), let leaf = chain.first else {
            throw .unreadableCertificateChain
        }
        guard let key = PEMReader.privateKey(privateKey) else { throw .unreadablePrivateKey }
        guard let certificate = CertificateSummary(leaf) else { throw .unsupportedKey }
        self.certificate = certificate
        pair = Pair(chain, key)
        ERR_clear_error()
        defer { ERR_clear_error() }
        guard unsafe X509_check_private_key(leaf.pointer, key.pointer) == 1 else { throw .keyDoesNotMatchCertificate }
        for (certificate, issuer) in zip(chain, chain.dropFirst()) {
            guard Self.isIssued(certificate, by: issuer) else { throw .chainOutOfOrder }
        }
        // Whether it is strong enough OpenSSL says when it is put to use, so here it is, for nobody.
        try install(in: ContextHandle(.server))
    }

    /// Names and signature: several authorities may have the same name.
    private static func isIssued(_ certificate: Certificate, by issuer: Certificate) -> Bool {
        unsafe X509_check_issued(issuer.pointer, certificate.pointer) == X509_V_OK
            && X509_verify(certificate.pointer, X509_get0_pubkey(issuer.pointer)) == 1
    }

    /// Beside what the context has of another kind of key.
    func install(in context: ContextHandle) throws(TLSConfigurationError) {
        guard let leaf = pair.chain.first else { throw .unreadableCertificateChain }
        guard unsafe SSL_CTX_use_certificate(context.pointer, leaf.pointer) == 1 else { throw .weakCertificate }
        guard unsafe SSL_CTX_use_PrivateKey(context.pointer, pair.key.pointer) == 1 else {
            throw .keyDoesNotMatchCertificate
        }
        for certificate in pair.chain.dropFirst() {
            guard unsafe postern_SSL_CTX_add1_chain_cert(context.pointer, certificate.pointer) == 1 else {
                throw .weakCertificate
            }
        }
    }

    /// `@unchecked`: OpenSSL counts references to both with atomic operations, and nobody changes them.
    private final class Pair: @unchecked Sendable {
        let chain: [Certificate]
        let key: PrivateKey

        init(_ chain: [Certificate], _ key: PrivateKey) {
            self.chain = chain
            self.key = key
        }
    }
}
