import HTTPSemantics
import HTTPTypes

// What stands in front of us, and what its clients write to be taken for somebody else.

private let networks = ["10.0.0.0/8", "fd00::/8"].compactMap { AddressBlock($0) }

/// The first octet chooses the field; each further line is a value of it.
func walkForwarded(_ input: [UInt8]) {
    guard let choice = input.first, networks.count == 2 else { return }
    let field: TrustedProxies.Field = choice & 1 == 0 ? .xForwardedFor : .forwarded
    let lines = input.dropFirst().map { $0 == 9 || $0 == 10 || $0 >= 32 && $0 != 127 ? $0 : 0x20 }
        .split(separator: 10, omittingEmptySubsequences: false).prefix(8)
    let values = lines.map { String(decoding: $0, as: UTF8.self) }
    let proxies = TrustedProxies(networks: networks, field: field)
    let (proxy, next, stranger) = (
        NetworkAddress.v4(0x0A00_0001), NetworkAddress.v4(0x0A00_0002), NetworkAddress.v4(0xCB00_7107)
    )

    func client(_ peer: NetworkAddress, _ values: [String]) -> NetworkAddress {
        proxies.client(of: peer, fields(field.name, values))
    }
    func node(_ text: String) -> String { field == .forwarded ? "for=\(text)" : text }

    require(client(stranger, values) == stranger, "a stranger is believed")
    let found = client(proxy, values)
    require(client(proxy, [values.joined(separator: ", ")]) == found, "lines and list differ")
    require(NetworkAddress(found.description) == found, "no address: \(found)")
    // Whatever the client wrote, what the proxies append decides.
    require(
        client(proxy, values + [node("203.0.113.9")]) == NetworkAddress("203.0.113.9"),
        "the client outshouts the proxy"
    )
    require(
        client(proxy, values.dropLast() + [(values.last ?? "") + "," + node("203.0.113.9")])
            == NetworkAddress("203.0.113.9"),
        "the same in one line"
    )
    require(client(proxy, values + [node("10.0.0.2")]) == client(next, values), "a proxy more is another walk")
    require(client(proxy, values + [node("unknown")]) == proxy, "walked past what cannot be read")
    // The other field is the client's own.
    var both = fields(field.name, values)
    let other: HTTPField.Name = field == .forwarded ? .xForwardedFor : .forwarded
    for value in values { both.append(HTTPField(name: other, value: value)) }
    require(proxies.client(of: proxy, both) == found, "the other field is read")
}

private func fields(_ name: HTTPField.Name, _ values: [String]) -> HTTPFields {
    var fields: HTTPFields = [:]
    for value in values { fields.append(HTTPField(name: name, value: value)) }
    return fields
}
