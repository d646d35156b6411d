internal import COpenSSL

/// What the first message of a client decides: the context, and with it the certificates, that its connection goes on with.
///
/// In the callback for the client hello and not in the one for the server name: that one runs after a ticket was looked at.
final class CertificateChoice {
    /// For `names.selections` from the second on.
    private let others: [ContextHandle]
    private let names: ServerNames

    init(_ others: [ContextHandle], _ names: ServerNames) {
        self.others = others
        self.names = names
    }

    /// Must live as long as any connection of `context`.
    func install(in context: ContextHandle) {
        // Sound for the closure: the engine keeps its context, and the context this object; the extension's bytes live
        // for the callback.
        unsafe SSL_CTX_set_client_hello_cb(
            context.pointer,
            { ssl, _, argument in
                guard let argument = unsafe argument else { return SSL_CLIENT_HELLO_SUCCESS }
                let choice = unsafe Unmanaged<CertificateChoice>.fromOpaque(argument).takeUnretainedValue()
                var bytes: UnsafePointer<UInt8>?
                var count = 0
                let type = UInt32(TLSEXT_TYPE_server_name)
                guard unsafe SSL_client_hello_get0_ext(ssl, type, &bytes, &count) == 1 else {
                    return SSL_CLIENT_HELLO_SUCCESS
                }
                let name = unsafe HostNameExtension.name(in: UnsafeBufferPointer(start: bytes, count: count).span)
                let selection = choice.names.selection(for: name)
                if selection > 0 { unsafe SSL_set_SSL_CTX(ssl, choice.others[selection - 1].pointer) }
                return SSL_CLIENT_HELLO_SUCCESS
            },
            Unmanaged.passUnretained(self).toOpaque()
        )
    }
}

/// The client's `server_name` (RFC 6066 §3).
enum HostNameExtension {
    /// The DNS name in it; nil if it is malformed, which OpenSSL refuses after this, or holds something else.
    static func name(in content: Span<UInt8>) -> String? {
        // The list's length, the type (0: a host name), the name's length, the name: a list has one entry (RFC 6066 §3).
        guard content.count > 5, content[2] == 0 else { return nil }
        let listCount = Int(content[0]) << 8 | Int(content[1])
        let nameCount = Int(content[3]) << 8 | Int(content[4])
        guard listCount == content.count - 2, nameCount == content.count - 5, nameCount <= 255 else { return nil }
        var bytes: [UInt8] = []
        bytes.reserveCapacity(nameCount)
        for index in 5..<content.count {
            guard (0x21...0x7e).contains(content[index]) else { return nil }
            bytes.append(content[index])
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}
