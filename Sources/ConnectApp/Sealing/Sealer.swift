import Cryptography

/// Seals short texts for one purpose so that only this application can read, make or change them (AES-256-GCM).
///
/// Sealed text is base64url of: version (1 byte) · key ID (4) · salt (24) · ciphertext · tag (16). Each seal has a key and a
/// nonce of its own, derived from the purpose's key and the random salt, so no nonce can ever meet the same key twice. The
/// purpose and the name are authenticated: what was sealed for one place does not open in another.
struct Sealer: Sendable {
    enum Purpose: String, Sendable {
        case flow = "postern/1 flow cookie"
        case result = "postern/1 result cookie"
        case parked = "postern/1 parked flow cookie"
        case link = "postern/1 connect link"
        case answer = "postern/1 answer of the operator API"
        case disconnect = "postern/1 disconnect link"
        case consent = "postern/1 consent invite"
        case resultHandle = "postern/1 result handle"
        case confirmationHandle = "postern/1 confirmation handle"
    }

    private struct Key: Sendable {
        let id: [UInt8]
        /// Derived for this purpose alone.
        let secret: Secret<[UInt8]>
    }

    private static let version: UInt8 = 1
    private static let idBytes = 4
    private static let saltBytes = 24
    private static let headBytes = 1 + idBytes + saltBytes

    private let purpose: Purpose
    private let current: Key
    /// Every key that opens, the current one first.
    private let keys: [Key]
    private let random: RandomSource

    init(keys: SealingKeys, purpose: Purpose, random: RandomSource) {
        func derive(_ key: SealingKeys.Key) -> Key {
            key.secret.withExposed { secret in
                Key(
                    id: HKDFSHA256.derive(
                        from: secret,
                        salt: [],
                        info: Array("postern/1 key id".utf8),
                        count: Sealer.idBytes
                    ),
                    secret: Secret(
                        HKDFSHA256.derive(
                            from: secret,
                            salt: [],
                            info: Array(purpose.rawValue.utf8),
                            count: AES256GCM.keyBytes
                        )
                    )
                )
            }
        }
        self.purpose = purpose
        current = derive(keys.current)
        self.keys = [current] + keys.previous.map(derive)
        self.random = random
    }

    /// How long the sealed text of so many bytes is.
    static func sealedCharacters(plaintextBytes: Int) -> Int {
        ((headBytes + plaintextBytes + AES256GCM.tagBytes) * 8 + 5) / 6
    }

    func seal(_ plaintext: [UInt8], for name: String) -> String {
        let salt = random.bytes(Sealer.saltBytes)
        let head = [Sealer.version] + current.id + salt
        let (key, nonce) = derive(from: current, salt: salt)
        let sealed = AES256GCM.seal(plaintext, key: key, nonce: nonce, authenticating: context(head, name))
        return Base64.encode(head + sealed, .url)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text for this purpose and name.
    func open(_ text: String, for name: String) -> [UInt8]? {
        guard let bytes = Base64.decodeURL(text), bytes.count >= Sealer.headBytes + AES256GCM.tagBytes,
            bytes[0] == Sealer.version
        else { return nil }
        let head = Array(bytes[..<Sealer.headBytes])
        let id = Array(head[1...Sealer.idBytes])
        // The ID only saves work; that two keys share one by chance must not lock a flow out.
        for key in keys where key.id == id {
            let (subkey, nonce) = derive(from: key, salt: Array(head[(1 + Sealer.idBytes)...]))
            if let plaintext = AES256GCM.open(
                Array(bytes[Sealer.headBytes...]),
                key: subkey,
                nonce: nonce,
                authenticating: context(head, name)
            ) {
                return plaintext
            }
        }
        return nil
    }

    private func derive(from key: Key, salt: [UInt8]) -> (key: [UInt8], nonce: [UInt8]) {
        let derived = key.secret.withExposed { secret in
            HKDFSHA256.derive(
                from: secret,
                salt: salt,
                info: Array("postern/1 seal".utf8),
                count: AES256GCM.keyBytes + AES256GCM.nonceBytes
            )
        }
        return (Array(derived[..<AES256GCM.keyBytes]), Array(derived[AES256GCM.keyBytes...]))
    }

    private func context(_ head: [UInt8], _ name: String) -> [UInt8] {
        head + Array(purpose.rawValue.utf8) + [0] + Array(name.utf8)
    }
}
