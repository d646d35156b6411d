internal import COpenSSL

/// The algorithms of this room, fetched from OpenSSL once.
///
/// `EVP_sha256()` and its like make OpenSSL 3.0 look the algorithm up again at every use, behind its locks; a fetched one
/// is used as it is. They live as long as the process and are never written to, so threads may share them.
enum Algorithms {
    // Sound for all of these: made once, only read afterwards, never freed.
    nonisolated(unsafe) static let sha256: OpaquePointer = unsafe required(
        EVP_MD_fetch(nil, "SHA256", nil),
        "SHA-256"
    )

    nonisolated(unsafe) static let aes256GCM: OpaquePointer = unsafe required(
        EVP_CIPHER_fetch(nil, "AES-256-GCM", nil),
        "AES-256-GCM"
    )

    /// HMAC with SHA-256 chosen and no key yet: copied for each code, so that the digest is not looked up again.
    nonisolated(unsafe) static let hmacSHA256: OpaquePointer = {
        let algorithm = unsafe required(EVP_MAC_fetch(nil, "HMAC", nil), "HMAC")
        let context = unsafe required(EVP_MAC_CTX_new(algorithm), "HMAC")
        let set = unsafe postern_EVP_MAC_CTX_use_sha256(context, nil, 0)
        precondition(set == 1, "HMAC takes SHA-256 unless OpenSSL lacks it, and then nothing here can work")
        return unsafe context
    }()

    private static func required(_ algorithm: OpaquePointer?, _ name: String) -> OpaquePointer {
        guard let algorithm = unsafe algorithm else {
            preconditionFailure("OpenSSL 3 without \(name) can keep no secret: the installation is broken")
        }
        return unsafe algorithm
    }
}
