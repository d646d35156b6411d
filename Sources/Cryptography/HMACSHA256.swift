internal import COpenSSL

/// HMAC with SHA-256 (RFC 2104): 32 bytes.
package enum HMACSHA256 {
    package static let codeBytes = 32

    /// Compare the result with `constantTimeEquals`, never with `==`.
    package static func authenticationCode(for message: [UInt8], key: [UInt8]) -> [UInt8] {
        unsafe withContext { context in unsafe code(for: message, key: key, in: context) }
    }

    /// Lends a context for one code, or for several one after the other: making one costs as much as a short code.
    fileprivate static func withContext<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        guard let context = unsafe EVP_MAC_CTX_dup(Algorithms.hmacSHA256) else {
            preconditionFailure("OpenSSL copies a context unless memory has run out")
        }
        // Freeing also overwrites what was computed from the key.
        defer { unsafe EVP_MAC_CTX_free(context) }
        return unsafe body(context)
    }

    /// - Parameter key: nil for the one of the code before in this context, whose padded blocks need not be hashed again.
    fileprivate static func code(for message: [UInt8], key: [UInt8]?, in context: OpaquePointer) -> [UInt8] {
        var code = [UInt8](repeating: 0, count: codeBytes)
        var written = 0
        // Sound: the arrays live across the calls and have the lengths given.
        let isKeyed =
            if let key {
                // An empty Swift array may have no address, and OpenSSL takes a missing key for "keep the one before". A key
                // of one zero byte and an empty key are padded to the same block (RFC 2104 §2).
                unsafe EVP_MAC_init(context, key.isEmpty ? [0] : key, max(key.count, 1), nil) == 1
            } else {
                unsafe EVP_MAC_init(context, nil, 0, nil) == 1
            }
        let made =
            unsafe isKeyed && EVP_MAC_update(context, message, message.count) == 1
            && EVP_MAC_final(context, &code, &written, code.count) == 1
        precondition(made && written == codeBytes, "HMAC over memory has no input that it refuses")
        return code
    }
}

/// Derivation of keys from a key (RFC 5869), with SHA-256.
package enum HKDFSHA256 {
    /// - Parameters:
    ///   - salt: may be empty; secret it need not be.
    ///   - info: what the derived key is for. Different uses must differ here.
    ///   - count: 1 to 8160 bytes.
    package static func derive(from key: [UInt8], salt: [UInt8], info: [UInt8], count: Int) -> [UInt8] {
        precondition(
            (1...255 * HMACSHA256.codeBytes).contains(count),
            "our key lengths are constants within RFC 5869 §2.3"
        )
        return unsafe HMACSHA256.withContext { context in
            // §2.2: an absent salt is a block of zeros, which is what an empty HMAC key is padded to.
            let pseudorandomKey = unsafe HMACSHA256.code(for: key, key: salt, in: context)
            var derived: [UInt8] = []
            derived.reserveCapacity(count + HMACSHA256.codeBytes)
            var block: [UInt8] = []
            var number: UInt8 = 1
            while derived.count < count {
                block += info
                block.append(number)
                block = unsafe HMACSHA256.code(for: block, key: number == 1 ? pseudorandomKey : nil, in: context)
                derived += block
                number &+= 1
            }
            derived.removeLast(derived.count - count)
            return derived
        }
    }
}
