internal import COpenSSL

/// What an operator should know about a certificate that a server shows.
package struct CertificateSummary: Hashable, Sendable {
    package enum KeyType: Hashable, Sendable {
        case ecdsa(bits: Int)
        case rsa(bits: Int)
        case ed25519

        /// What a context can hold one of each of.
        enum Kind { case ecdsa, rsa, ed25519 }

        var kind: Kind {
            switch self {
            case .ecdsa: .ecdsa
            case .rsa: .rsa
            case .ed25519: .ed25519
            }
        }
    }

    /// The first and last moment of its validity, in seconds since 1970.
    package var notBefore: Int64
    package var notAfter: Int64
    /// The names and addresses it is for (RFC 5280 §4.2.1.6): `example.com`, `*.example.com`, `192.0.2.1`.
    package var subjectAlternativeNames: [String]
    package var keyType: KeyType
}

extension CertificateSummary {
    /// Nil for a kind of key that no browser takes in a certificate.
    init?(_ certificate: Certificate) {
        guard let keyType = unsafe Self.keyType(X509_get0_pubkey(certificate.pointer)) else { return nil }
        self.init(
            notBefore: unsafe Self.seconds(X509_get0_notBefore(certificate.pointer)),
            notAfter: unsafe Self.seconds(X509_get0_notAfter(certificate.pointer)),
            subjectAlternativeNames: unsafe Self.names(certificate.pointer),
            keyType: keyType
        )
    }

    private static func keyType(_ key: OpaquePointer?) -> KeyType? {
        guard let key = unsafe key else { return nil }
        let bits = unsafe Int(EVP_PKEY_get_bits(key))
        switch unsafe EVP_PKEY_get_base_id(key) {
        case EVP_PKEY_RSA: return .rsa(bits: bits)
        case EVP_PKEY_ED25519: return .ed25519
        case EVP_PKEY_EC:
            // RFC 8446 §4.2.3 has signatures with these three curves alone.
            var name = [CChar](repeating: 0, count: 64)
            var count = 0
            // Sound: the array lives across the call and has the length given.
            guard unsafe EVP_PKEY_get_group_name(key, &name, name.count, &count) == 1 else { return nil }
            let text = String(decoding: name.prefix(count).map { UInt8(bitPattern: $0) }, as: UTF8.self)
            return ["prime256v1", "secp384r1", "secp521r1"].contains(text) ? .ecdsa(bits: bits) : nil
        default: return nil
        }
    }

    private static func seconds(_ time: UnsafePointer<ASN1_TIME>?) -> Int64 {
        // Counted from the epoch with OpenSSL's own calendar: `timegm` would be another one.
        guard let epoch = unsafe ASN1_TIME_set(nil, 0) else { return 0 }
        defer { unsafe ASN1_STRING_free(epoch) }
        var days: Int32 = 0
        var seconds: Int32 = 0
        // Sound: both counters live across the call; a malformed time is answered with 0.
        guard unsafe ASN1_TIME_diff(&days, &seconds, epoch, time) == 1 else { return 0 }
        return Int64(days) * 86_400 + Int64(seconds)
    }

    private static func names(_ certificate: OpaquePointer) -> [String] {
        guard let stack = unsafe X509_get_ext_d2i(certificate, NID_subject_alt_name, nil, nil) else { return [] }
        let names = OpaquePointer(stack)
        defer { unsafe GENERAL_NAMES_free(names) }
        var texts: [String] = []
        for index in unsafe 0..<max(OPENSSL_sk_num(names), 0) {
            let name = unsafe OPENSSL_sk_value(names, index)?.assumingMemoryBound(to: GENERAL_NAME.self)
            var kind: Int32 = 0
            let value = unsafe GENERAL_NAME_get0_value(name, &kind)
            guard let value = unsafe value, kind == GEN_DNS || kind == GEN_IPADD else { continue }
            let string = unsafe value.assumingMemoryBound(to: ASN1_STRING.self)
            // Sound: the string's bytes live as long as the stack, and have the length it gives.
            let bytes = unsafe Array(
                UnsafeBufferPointer(start: ASN1_STRING_get0_data(string), count: Int(ASN1_STRING_length(string)))
            )
            texts.append(kind == GEN_DNS ? String(decoding: bytes, as: UTF8.self) : address(bytes))
        }
        return texts
    }

    private static func address(_ bytes: [UInt8]) -> String {
        guard bytes.count == 16 else { return bytes.map { String($0) }.joined(separator: ".") }
        return stride(from: 0, to: 16, by: 2)
            .map { String(Int(bytes[$0]) << 8 | Int(bytes[$0 + 1]), radix: 16) }
            .joined(separator: ":")
    }
}
