import HTTPSemantics
package import HTTPTypes

/// Writes request heads in origin-form (RFC 9112 §3).
package enum RequestSerializer {
    /// Appends a whole head, its empty line included; the content follows as it is.
    ///
    /// `Host`, `Content-Length`, `Transfer-Encoding` and `Connection` are the client's: those of the request's own
    /// fields are passed over.
    ///
    /// - Parameters:
    ///   - request: with `authority` for Host and `path` for the target, already percent-encoded.
    ///   - isPersistent: false adds `Connection: close` (RFC 9112 §9.6).
    /// - Throws: `.invalidRequestTarget` for a target that would break out of the request line, `.invalidHost` for an
    ///   authority that is not host and port, `.connectNotSupported`. Nothing has been appended then.
    package static func append(
        _ request: HTTPRequest,
        contentLength: Int,
        isPersistent: Bool = true,
        to output: inout [UInt8]
    ) throws(HTTPViolation) {
        let method = request.method
        let path = request.path ?? "/"
        guard method != .connect else { throw .connectNotSupported }
        guard path.utf8.first == UInt8(ascii: "/"),
            path.utf8.allSatisfy({ (0x21...0x7E).contains($0) && $0 != UInt8(ascii: "#") })
        else { throw .invalidRequestTarget }
        guard let host = request.authority, Authority(host) != nil else { throw .invalidHost }

        output.reserveCapacity(output.count + 512 + path.utf8.count)
        output.append(contentsOf: method.rawValue.utf8)
        output.append(UInt8(ascii: " "))
        output.append(contentsOf: path.utf8)
        output.append(contentsOf: " HTTP/1.1\r\nHost: ".utf8)
        output.append(contentsOf: host.utf8)
        output.appendLineEnd()
        for field in request.headerFields where !isClientOwned(field.name) { output.append(line: field) }
        // RFC 9110 §8.6: a method that gives meaning to content says 0 as well.
        if contentLength > 0 || method == .post || method == .put || method == .patch {
            output.append(contentsOf: "Content-Length: ".utf8)
            output.append(decimal: contentLength)
            output.appendLineEnd()
        }
        if !isPersistent { output.append(contentsOf: "Connection: close\r\n".utf8) }
        output.appendLineEnd()
    }

    private static func isClientOwned(_ name: HTTPField.Name) -> Bool {
        switch name.canonicalName {
        case "host", "content-length", "transfer-encoding", "connection": true
        default: false
        }
    }
}
