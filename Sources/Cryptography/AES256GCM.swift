internal import COpenSSL

/// Authenticated encryption with AES-256 in Galois/Counter Mode (NIST SP 800-38D).
package enum AES256GCM {
    package static let keyBytes = 32
    package static let nonceBytes = 12
    package static let tagBytes = 16

    /// Encrypts `plaintext` and authenticates it together with `context`.
    ///
    /// - Parameters:
    ///   - nonce: must never be used twice with the same key: a second use gives away both texts and the key's authenticity.
    ///   - context: bytes that are not encrypted and not carried along, but must be the same when opening.
    /// - Returns: the ciphertext, as long as the plaintext, followed by the tag.
    package static func seal(
        _ plaintext: [UInt8],
        key: [UInt8],
        nonce: [UInt8],
        authenticating context: [UInt8]
    ) -> [UInt8] {
        checkSizes(key, nonce, plaintext.count, context.count)
        return unsafe withCipherContext { cipher in
            var sealed = [UInt8](repeating: 0, count: plaintext.count + tagBytes)
            var count: Int32 = 0
            // Sound: the arrays live across the calls, `sealed` has room for text and tag, lengths fit (checked above).
            let made = unsafe sealed.withUnsafeMutableBufferPointer { sealed in
                unsafe EVP_EncryptInit_ex2(cipher, Algorithms.aes256GCM, key, nonce, nil) == 1
                    && (context.isEmpty || EVP_EncryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1)
                    && (plaintext.isEmpty
                        || EVP_EncryptUpdate(cipher, sealed.baseAddress, &count, plaintext, Int32(plaintext.count)) == 1)
                    && EVP_EncryptFinal_ex(cipher, sealed.baseAddress, &count) == 1
                    && EVP_CIPHER_CTX_ctrl(
                        cipher,
                        EVP_CTRL_AEAD_GET_TAG,
                        Int32(tagBytes),
                        sealed.baseAddress.map { unsafe $0 + plaintext.count }
                    ) == 1
            }
            precondition(made, "encrypting memory with sizes as checked has no input that it refuses")
            return sealed
        }
    }

    /// Gives the plaintext back, or nil if `sealed`, the key, the nonce or `context` is not exactly what was sealed.
    package static func open(
        _ sealed: [UInt8],
        key: [UInt8],
        nonce: [UInt8],
        authenticating context: [UInt8]
    ) -> [UInt8]? {
        guard sealed.count >= tagBytes else { return nil }
        checkSizes(key, nonce, sealed.count, context.count)
        let textBytes = sealed.count - tagBytes
        var tag = Array(sealed[textBytes...])
        return unsafe withCipherContext { cipher in
            var plaintext = [UInt8](repeating: 0, count: textBytes)
            var rest = [UInt8](repeating: 0, count: tagBytes)
            var count: Int32 = 0
            // Sound: the arrays live across the calls, `plaintext` has room for the text, lengths fit (checked above).
            let prepared =
                unsafe EVP_DecryptInit_ex2(cipher, Algorithms.aes256GCM, key, nonce, nil) == 1
                && EVP_CIPHER_CTX_ctrl(cipher, EVP_CTRL_AEAD_SET_TAG, Int32(tagBytes), &tag) == 1
                && (context.isEmpty || EVP_DecryptUpdate(cipher, nil, &count, context, Int32(context.count)) == 1)
                && (textBytes == 0 || EVP_DecryptUpdate(cipher, &plaintext, &count, sealed, Int32(textBytes)) == 1)
            precondition(prepared, "decrypting memory with sizes as checked has no input that it refuses")
            // Only now is the tag compared; before that nothing of the text may be believed.
            guard unsafe EVP_DecryptFinal_ex(cipher, &rest, &count) == 1 else {
                ERR_clear_error()
                return nil
            }
            return plaintext
        }
    }

    private static func checkSizes(_ key: [UInt8], _ nonce: [UInt8], _ textBytes: Int, _ contextBytes: Int) {
        precondition(key.count == keyBytes && nonce.count == nonceBytes, "our keys and nonces are made to measure")
        precondition(max(textBytes, contextBytes) < 1 << 30, "we seal cookies and links, all of them limited before")
    }

    private static func withCipherContext<Result>(_ body: (OpaquePointer) -> Result) -> Result {
        guard let cipher = unsafe EVP_CIPHER_CTX_new() else {
            preconditionFailure("OpenSSL makes a context unless memory has run out")
        }
        // Freeing also overwrites the key schedule.
        defer { unsafe EVP_CIPHER_CTX_free(cipher) }
        return unsafe body(cipher)
    }
}
