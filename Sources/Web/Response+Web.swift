package import HTTPSemantics
package import HTTPTypes

extension Response {
    /// A page.
    package static func page(
        _ page: HTML,
        status: HTTPResponse.Status = .ok,
        policy: PagePolicy,
        headers: SecurityHeaders
    ) -> Response {
        var response = Response(status: status, fixed: headers.fixed(for: policy), content: page.bytes)
        response.append(HTTPField(name: .contentType, value: "text/html; charset=utf-8"))
        return response
    }

    /// Sends the browser on with `GET`, whatever it came with: 303 (RFC 9110 §15.4.4), never 302 or 307.
    ///
    /// - Parameter location: a path of ours or an absolute address built from configuration. What could not stand in a
    ///   field is percent-encoded, so no text in it can end the field.
    package static func seeOther(_ location: String, headers: SecurityHeaders) -> Response {
        var response = Response(status: .seeOther, fixed: headers.fixed(for: .redirect))
        response.append(HTTPField(name: .location, value: visibleASCII(location)))
        return response
    }
}

private func isVisibleASCII(_ text: String) -> Bool {
    let octets = text.utf8Span.span
    for index in octets.indices where octets[index] < 0x21 || octets[index] > 0x7E { return false }
    return true
}

private func visibleASCII(_ address: String) -> String {
    guard !isVisibleASCII(address) else { return address }
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in address.utf8 {
        if (0x21...0x7E).contains(byte) {
            encoded.append(byte)
        } else {
            encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
        }
    }
    return String(decoding: encoded, as: UTF8.self)
}
