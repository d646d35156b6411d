import TLS

/// Why a certificate on disk is not put to use. The paths are the operator's own.
enum CertificateRefusal: Error, Hashable, Sendable {
    case folderUnreadable(path: String)
    /// No two files in the folder belong together.
    case noPair(path: String)
    /// One of two files that belong together.
    case halfPair(path: String)
    case tooMany(limit: Int)
    case fileUnreadable(path: String)
    /// It was written to while it was read.
    case changing(path: String)
    case refused(path: String, TLSConfigurationError)
    case expired(path: String)
    case notYetValid(path: String)
    /// None of the certificates is for the host of `publicURL`, and one of those in use is.
    case losesHost(String)
    case noCertificate

    /// Whether the same files may be right later: they are tried again although they have not changed.
    var mayPass: Bool {
        switch self {
        // There may have been no descriptor to read with.
        case .folderUnreadable, .fileUnreadable, .changing, .notYetValid: true
        case .noPair, .halfPair, .tooMany, .refused, .expired, .losesHost, .noCertificate: false
        }
    }

    var sentence: String {
        switch self {
        case .folderUnreadable(let path): "\(path) cannot be read: it must be a folder that this user may look into."
        case .noPair(let path):
            "\(path) holds no certificate: it needs fullchain.pem and privkey.pem, or NAME.crt and NAME.key, there or one folder below."
        case .halfPair(let path): "\(path) has no other half beside it."
        case .tooMany(let limit): "there are more than \(limit) certificates."
        case .fileUnreadable(let path): "\(path) cannot be read."
        case .changing(let path): "\(path) is being written to."
        case .refused(let path, let error): "\(path): \(error.sentence)"
        case .expired(let path): "\(path) has expired."
        case .notYetValid(let path): "\(path) is not valid yet: is the machine's clock right?"
        case .losesHost(let host): "no certificate is for \(host), the host of publicURL."
        case .noCertificate: "there is no certificate."
        }
    }
}

extension TLSConfigurationError {
    var sentence: String {
        switch self {
        case .unreadableCertificateChain: "there is no certificate in PEM in it."
        case .unreadablePrivateKey: "its key is not in PEM, or has a passphrase."
        case .keyDoesNotMatchCertificate: "its key is not that of the first certificate in the chain."
        case .chainOutOfOrder: "its chain has certificates that do not vouch for the one before them."
        case .unsupportedKey: "its key is neither RSA nor ECDSA (P-256, P-384, P-521) nor Ed25519."
        case .noCertificate: "there is no certificate."
        case .neverShown: "each of its names is in a certificate before it with the same kind of key."
        case .weakCertificate: "its key or signature is too weak for today's browsers."
        case .unreadableTrustedCertificates: "the trusted certificates are not readable PEM."
        }
    }
}
