internal import COpenSSL

/// One TLS connection without its transport: records in, records out, no I/O and no waiting.
///
/// Whoever drives it brings what has arrived and sends what was made. Between two calls it holds no buffer of its own but
/// a record that has arrived in part. After a failure it is only fit to be dropped, once what it made (the alert) is sent.
@safe package struct TLSEngine: ~Copyable, @unchecked Sendable {
    // Sendable because an SSL object belongs to no thread; that only one uses it at a time is the law of exclusivity's
    // work, since every method that touches it mutates.
    let ssl: OpaquePointer
    private let buffers: UnsafeMutablePointer<BorrowedBuffers>
    /// Kept alive because OpenSSL's context points to the ticket keys that it holds.
    private let context: ContextHandle

    package enum Progress: Hashable, Sendable {
        case done
        /// More records must arrive first.
        case needsRecords
    }

    package enum ReadOutcome: Hashable, Sendable {
        case bytes(Int)
        case needsRecords
        /// The other side sent close_notify (RFC 8446 §6.1): this was all.
        case ended
    }

    package enum Role: Hashable, Sendable { case server, client }

    /// The most plaintext that fits into one record (RFC 8446 §5.1).
    package static let recordBytes = 16_384

    init(_ context: ContextHandle, as role: Role) {
        guard let ssl = unsafe SSL_new(context.pointer), let bio = unsafe BIO_new(BorrowedBuffers.method) else {
            preconditionFailure("OpenSSL makes a connection of a sound context unless memory has run out")
        }
        unsafe self.ssl = ssl
        self.context = context
        // Sound: initialized here, freed in `deinit`, after the BIO that points to it.
        unsafe buffers = .allocate(capacity: 1)
        unsafe buffers.initialize(to: BorrowedBuffers())
        unsafe BIO_set_data(bio, buffers)
        unsafe BIO_set_init(bio, 1)
        // The same BIO both ways; the connection takes one reference for each and frees them.
        unsafe BIO_up_ref(bio)
        unsafe SSL_set0_rbio(ssl, bio)
        unsafe SSL_set0_wbio(ssl, bio)
        switch role {
        case .server: unsafe SSL_set_accept_state(ssl)
        case .client: unsafe SSL_set_connect_state(ssl)
        }
    }

    deinit {
        unsafe SSL_free(ssl)
        unsafe buffers.deinitialize(count: 1)
        unsafe buffers.deallocate()
    }

    /// Goes on with the handshake.
    ///
    /// - Parameters:
    ///   - arrived: records; what was consumed is removed from the front.
    ///   - made: records to send are appended, also when this throws.
    package mutating func handshake(
        _ arrived: inout [UInt8],
        _ made: inout [UInt8]
    ) throws(TLSFailure) -> Progress {
        let outcome = lending(&arrived, &made) { unsafe SSL_do_handshake(ssl) }
        if outcome == SSL_ERROR_NONE {
            guard isApplicationProtocolAccepted else { throw .applicationProtocolRefused }
            return .done
        }
        if outcome == SSL_ERROR_WANT_READ { return .needsRecords }
        throw failure()
    }

    /// Decrypts at most one record, and at most `limit` bytes of it, to the end of `plaintext`.
    ///
    /// What is no application data (tickets, key updates, alerts) is dealt with on the way. A key update that asks for one
    /// in return is answered by the next write (RFC 8446 §4.6.3).
    package mutating func read(
        _ arrived: inout [UInt8],
        _ made: inout [UInt8],
        into plaintext: inout [UInt8],
        limit: Int
    ) throws(TLSFailure) -> ReadOutcome {
        // Nothing has come, and nothing is left of what had come: OpenSSL would only say so at length.
        if arrived.isEmpty, unsafe SSL_has_pending(ssl) == 0, !isEnded { return .needsRecords }
        let alreadyMade = made.count
        var count = 0
        var outcome = SSL_ERROR_NONE
        // No more than has come: a reader that waits keeps its buffer. What is left of a record comes with the next call.
        let room = min(limit, max(arrived.count, unsafe Int(SSL_pending(ssl)), 64), Self.recordBytes)
        plaintext.append(addingCapacity: room) { target in
            // Sound: OpenSSL writes at most as many bytes as the target has room for and says how many.
            unsafe target.withUnsafeMutableBufferPointer { target, initializedCount in
                outcome = lending(&arrived, &made) {
                    unsafe SSL_read_ex(ssl, target.baseAddress, target.count, &count)
                }
                if outcome != SSL_ERROR_NONE { count = 0 }
                initializedCount = count
            }
        }
        // Reading provokes no answer but one: the warning with which OpenSSL refuses a renegotiation. Who asked waits for
        // more than that, so this is the end.
        guard made.count == alreadyMade || (outcome != SSL_ERROR_NONE && outcome != SSL_ERROR_WANT_READ) else {
            throw .renegotiationRefused
        }
        switch outcome {
        case SSL_ERROR_NONE: return .bytes(count)
        case SSL_ERROR_WANT_READ: return .needsRecords
        case SSL_ERROR_ZERO_RETURN: return .ended
        default: throw failure()
        }
    }

    /// Encrypts all of `plaintext` into records at the end of `made`.
    package mutating func write(_ plaintext: Span<UInt8>, _ made: inout [UInt8]) throws(TLSFailure) {
        // To write nothing is not defined by OpenSSL, and an empty record helps nobody.
        guard !plaintext.isEmpty else { return }
        var nothing: [UInt8] = []
        var count = 0
        // Sound: the span's memory lives across the call.
        let outcome = unsafe plaintext.withUnsafeBufferPointer { plaintext in
            lending(&nothing, &made) { unsafe SSL_write_ex(ssl, plaintext.baseAddress, plaintext.count, &count) }
        }
        // It can't want to read: renegotiation is refused, and the BIO takes everything.
        guard outcome == SSL_ERROR_NONE, count == plaintext.count else { throw failure() }
    }

    /// Says that this side writes no more: appends the close_notify record.
    package mutating func finishWriting(_ made: inout [UInt8]) {
        var nothing: [UInt8] = []
        // Its answer says only whether the other side's close_notify has come already, or that nothing can be said.
        _ = lending(&nothing, &made) { unsafe SSL_shutdown(ssl) }
        ERR_clear_error()
    }

    /// Lets OpenSSL work on borrowed buffers for one call, with its error queue empty before.
    ///
    /// - Returns: `SSL_get_error`'s answer.
    private func lending(
        _ arrived: inout [UInt8],
        _ made: inout [UInt8],
        _ call: () -> Int32
    ) -> Int32 {
        // To look costs less than to clear.
        if ERR_peek_error() != 0 { ERR_clear_error() }
        unsafe swap(&buffers.pointee.made, &made)
        // Sound: `arrived` is lent to the BIO only inside the closure, and taken back before it ends.
        let (outcome, left) = unsafe arrived.withUnsafeBytes { bytes in
            unsafe buffers.pointee.arrived = bytes
            let result = call()
            let left = unsafe buffers.pointee.arrived.count
            unsafe buffers.pointee.arrived = UnsafeRawBufferPointer(start: nil, count: 0)
            return (unsafe SSL_get_error(ssl, result), left)
        }
        unsafe swap(&buffers.pointee.made, &made)
        if left == 0 { arrived = [] } else { arrived.removeFirst(arrived.count - left) }
        return outcome
    }

    private var isEnded: Bool {
        unsafe SSL_get_shutdown(ssl) & SSL_RECEIVED_SHUTDOWN != 0
    }

    private func failure() -> TLSFailure {
        unsafe .takeFromQueue(verification: SSL_get_verify_result(ssl))
    }
}

/// What was agreed on.
extension TLSEngine {
    /// `TLSv1.3` or `TLSv1.2`, once the handshake is done.
    package var version: String {
        // Sound: OpenSSL gives a constant string.
        unsafe String(cString: SSL_get_version(ssl))
    }

    var isVersion13: Bool { unsafe SSL_version(ssl) == TLS1_3_VERSION }

    package var cipherSuite: String {
        // Sound: OpenSSL gives a constant string, also where there is no cipher yet.
        unsafe String(cString: SSL_CIPHER_get_name(SSL_get_current_cipher(ssl)))
    }

    package var isResumed: Bool {
        unsafe SSL_session_reused(ssl) == 1
    }

    /// The protocol that both agreed on (RFC 7301), nil if the client asked for none.
    package var applicationProtocol: String? {
        unsafe withApplicationProtocol { name in unsafe name.map { unsafe String(decoding: $0, as: UTF8.self) } }
    }

    private var isApplicationProtocolAccepted: Bool {
        unsafe withApplicationProtocol { unsafe $0?.elementsEqual(ApplicationProtocol.name.utf8) ?? true }
    }

    private func withApplicationProtocol<Result>(_ body: (UnsafeBufferPointer<UInt8>?) -> Result) -> Result {
        var name: UnsafePointer<UInt8>?
        var count: UInt32 = 0
        unsafe SSL_get0_alpn_selected(ssl, &name, &count)
        // Sound: the name lives as long as the connection and has the length given.
        return unsafe body(name.map { unsafe UnsafeBufferPointer(start: $0, count: Int(count)) })
    }

    /// Names the server that this client wants (RFC 6066 §3) and demands a certificate for it (RFC 9525).
    mutating func demand(_ host: HostIdentity) {
        let parameters = unsafe SSL_get0_param(ssl)
        // Sound: the texts live across the calls, and OpenSSL copies them.
        let set =
            switch host {
            case .name(let name):
                unsafe SSL_set1_host(ssl, name) == 1 && postern_SSL_set_tlsext_host_name(ssl, name) == 1
            case .address(let address):
                unsafe X509_VERIFY_PARAM_set1_ip_asc(parameters, address) == 1
            }
        precondition(set, "a host identity was checked when it was made")
        let flags = X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT
        unsafe X509_VERIFY_PARAM_set_hostflags(parameters, UInt32(flags))
    }
}
