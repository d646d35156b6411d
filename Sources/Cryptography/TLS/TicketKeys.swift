internal import COpenSSL
internal import Sockets
internal import Synchronization

/// The keys that seal a server's session tickets (RFC 5077 §4, RFC 8446 §4.6.1), changed while it runs.
///
/// OpenSSL by itself makes one at the start and keeps it: whoever got hold of it months later could read every TLS 1.2
/// connection that began with a ticket (RFC 9325 §3.4). A ticket is believed for at most two periods.
///
/// Contexts that share them honour each other's tickets: hand the same ones to the context that replaces another, and
/// clients need no whole handshake after a change of certificate.
package final class TicketKeys: Sendable {
    struct Key: Sendable {
        /// Stands in clear in front of the ticket: 16 bytes.
        var name = TicketKeys.random(16)
        /// AES-256 in CBC mode.
        var encryption = TicketKeys.random(32)
        /// HMAC with SHA-256.
        var authentication = TicketKeys.random(32)
        var made: Deadline
    }

    static let period: Duration = .seconds(6 * 3600)

    private struct State {
        var current: Key
        var previous: Key?
    }

    private let state: Mutex<State>
    private let now: @Sendable () -> Deadline

    package convenience init() {
        self.init { .now }
    }

    init(now: @escaping @Sendable () -> Deadline) {
        state = Mutex(State(current: Key(made: now())))
        self.now = now
    }

    /// The key for a new ticket.
    func forSealing() -> Key {
        current { $0.current }
    }

    /// The key that has this name, if it is still believed, and whether the ticket should be replaced by a new one.
    func forOpening(_ name: [UInt8]) -> (key: Key, isOld: Bool)? {
        current { state in
            if state.current.name == name { return (state.current, false) }
            guard let previous = state.previous, previous.name == name else { return nil }
            return (previous, true)
        }
    }

    private func current<Result: Sendable>(_ body: (State) -> Result) -> Result {
        let now = now()
        return state.withLock { state in
            let age = state.current.made.duration(to: now)
            if age >= Self.period {
                state.previous = age < Self.period * 2 ? state.current : nil
                state.current = Key(made: now)
            }
            return body(state)
        }
    }

    private static func random(_ count: Int) -> [UInt8] {
        var bytes = [UInt8](repeating: 0, count: count)
        // Sound: the array lives across the call and has exactly `count` bytes.
        let drawn = unsafe RAND_bytes(&bytes, Int32(count))
        precondition(drawn == 1, "a machine without randomness can keep no secret")
        return bytes
    }
}

/// What OpenSSL asks for each ticket.
extension TicketKeys {
    /// Makes `context` seal its tickets with these keys, which must live as long as any connection of it.
    func install(in context: OpaquePointer) {
        unsafe SSL_CTX_set_ex_data(context, 0, Unmanaged.passUnretained(self).toOpaque())
        // Sound for the closure: OpenSSL gives 16 bytes for the name and 16 for the IV, and contexts that it has made.
        unsafe SSL_CTX_set_tlsext_ticket_key_evp_cb(context) { ssl, name, iv, cipher, mac, isSealing in
            guard let data = unsafe SSL_CTX_get_ex_data(SSL_get_SSL_CTX(ssl), 0), let name = unsafe name else {
                return -1
            }
            let keys = unsafe Unmanaged<TicketKeys>.fromOpaque(data).takeUnretainedValue()
            if isSealing == 1 {
                let key = keys.forSealing()
                unsafe name.update(from: key.name, count: 16)
                let begun =
                    unsafe RAND_bytes(iv, 16) == 1
                    && EVP_EncryptInit_ex2(cipher, TicketKeys.aes256CBC, key.encryption, iv, nil) == 1
                    && TicketKeys.authenticate(mac, key)
                return begun ? 1 : -1
            }
            let wanted = unsafe Array(UnsafeBufferPointer(start: name, count: 16))
            // 0: unknown, so a whole handshake; 2: known, but give the client a new one.
            guard let (key, isOld) = keys.forOpening(wanted) else { return 0 }
            let begun =
                unsafe EVP_DecryptInit_ex2(cipher, TicketKeys.aes256CBC, key.encryption, iv, nil) == 1
                && TicketKeys.authenticate(mac, key)
            // A client of TLS 1.3 takes a ticket once (RFC 8446 §C.4): without a new one its next handshake is a whole one.
            let isSpent = unsafe SSL_version(ssl) == TLS1_3_VERSION
            return begun ? (isOld || isSpent ? 2 : 1) : -1
        }
    }

    private static func authenticate(_ mac: OpaquePointer?, _ key: Key) -> Bool {
        var authentication = key.authentication
        // Sound: the key lives across the call, which copies it.
        return unsafe postern_EVP_MAC_CTX_use_sha256(mac, &authentication, authentication.count) == 1
    }

    // Sound: fetched once, only read afterwards, never freed.
    nonisolated(unsafe) private static let aes256CBC = unsafe EVP_CIPHER_fetch(nil, "AES-256-CBC", nil)
}
