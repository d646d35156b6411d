internal import COpenSSL

/// SHA-256 (FIPS 180-4): 32 bytes.
package enum SHA256 {
    package static let digestBytes = 32

    package static func digest(_ bytes: [UInt8]) -> [UInt8] {
        var digest = [UInt8](repeating: 0, count: digestBytes)
        // Sound: both arrays live across the call; the algorithm writes exactly 32 bytes.
        let made = unsafe EVP_Digest(bytes, bytes.count, &digest, nil, Algorithms.sha256, nil)
        precondition(made == 1, "SHA-256 over memory fails only if OpenSSL lacks it, and then nothing here can work")
        return digest
    }

    package static func digest(_ text: String) -> [UInt8] {
        digest(Array(text.utf8))
    }
}

/// Whether two byte strings are equal, in a time that depends only on their lengths.
package func constantTimeEquals(_ left: [UInt8], _ right: [UInt8]) -> Bool {
    guard left.count == right.count else { return false }
    // Sound: both arrays live across the call and have the length given.
    return unsafe CRYPTO_memcmp(left, right, left.count) == 0
}
