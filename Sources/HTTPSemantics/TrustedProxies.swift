package import HTTPTypes

/// Whose word on the client's address is believed, and the one field in which it stands.
///
/// One field and not both: a proxy writes one of them and lets the other pass as the client sent it, so reading both would be
/// believing the client. What these fields say about scheme and host is never read: that is configuration.
package struct TrustedProxies: Hashable, Sendable {
    package enum Field: String, CaseIterable, Sendable {
        /// Addresses alone, standardized nowhere and written by nearly every proxy.
        case xForwardedFor = "X-Forwarded-For"
        /// RFC 7239.
        case forwarded = "Forwarded"
    }

    package var networks: [AddressBlock]
    package var field: Field

    package init(networks: [AddressBlock] = [], field: Field = .xForwardedFor) {
        self.networks = networks
        self.field = field
    }

    package func contains(_ address: NetworkAddress) -> Bool {
        networks.contains { $0.contains(address) }
    }

    /// The client on whose behalf a peer sends a request.
    ///
    /// Walked from the right, since each proxy appends whom it heard: the first address that is no proxy's is the client, and
    /// what is left of it is only the client's word. What cannot be read ends the walk at the last proxy, whose word that is.
    ///
    /// - Returns: the peer itself unless it is one of the proxies; a proxy if they name nobody else.
    package func client(of peer: NetworkAddress, _ fields: HTTPFields) -> NetworkAddress {
        guard !networks.isEmpty, contains(peer) else { return peer }
        var client = peer
        // Several lines are one list, in their order (RFC 9110 §5.3).
        for line in fields[values: field.name].reversed() {
            // An empty element would be nothing to a reader of RFC 9110 §5.6.1; here it is a hop that was not named.
            for element in line.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false).reversed() {
                guard let hop = ForwardedElement.address(Array(element), of: field) else { return client }
                client = hop
                guard contains(hop) else { return client }
            }
        }
        return client
    }
}

extension TrustedProxies.Field {
    /// Made once: a name is made of text by a look-up.
    package var name: HTTPField.Name {
        switch self {
        case .xForwardedFor: .xForwardedFor
        case .forwarded: .forwarded
        }
    }
}

extension HTTPField.Name {
    package static let forwarded = named("Forwarded")
    package static let xForwardedFor = named("X-Forwarded-For")

    private static func named(_ literal: StaticString) -> HTTPField.Name {
        guard let name = HTTPField.Name(literal.description) else {
            preconditionFailure("\(literal) is a token, written a few lines above")
        }
        return name
    }
}
