import HTTPSemantics

extension Keys {
    static let redirectAddress = ConfigurationKey<String>(
        "redirect.address",
        "an IP address of this machine, or localhost",
        example: "\"0.0.0.0\""
    ) { raw in raw.string.flatMap { isListenAddress($0) ? $0 : nil } }

    static let redirectPort = ConfigurationKey<UInt16>(
        "redirect.port",
        "a port, 1 to 65535, that sends people on to https",
        example: "8080"
    ) { port($0) }

    static let proxyNetworks = ConfigurationKey<[AddressBlock]>(
        "proxies.networks",
        "a list of addresses and networks, none so wide that it would believe everybody (at least /8, in IPv6 /7)",
        example: "[\"10.0.0.0/24\"]"
    ) { raw in
        guard let texts = raw.list else { return nil }
        let blocks = texts.compactMap { AddressBlock($0) }
        guard blocks.count == texts.count, Set(blocks).count == blocks.count, blocks.allSatisfy(isNarrow) else {
            return nil
        }
        return blocks
    }

    static let proxyField = ConfigurationKey<TrustedProxies.Field>(
        "proxies.field",
        "\"X-Forwarded-For\" or \"Forwarded\", whichever your proxy writes",
        example: "\"X-Forwarded-For\""
    ) { raw in raw.string.flatMap(TrustedProxies.Field.init(rawValue:)) }

    private static func isNarrow(_ block: AddressBlock) -> Bool {
        if case .v4 = block.first { block.prefixLength >= 8 } else { block.prefixLength >= 7 }
    }
}

extension ConnectConfiguration {
    static func readProxies(_ reader: inout ConfigurationReader) -> TrustedProxies {
        TrustedProxies(
            networks: reader.value(Keys.proxyNetworks, default: [], shownAs: "none"),
            field: reader.value(Keys.proxyField, default: .xForwardedFor, shownAs: "X-Forwarded-For")
        )
    }

    /// The plain listener that sends people on, if there is to be one.
    static func readRedirect(_ reader: inout ConfigurationReader, publicURL: HTTPOrigin?) -> Endpoint? {
        let hadFaults = reader.faults.count
        guard let port = reader.value(Keys.redirectPort) else {
            if reader.value(Keys.redirectAddress) != nil, reader.faults.count == hadFaults {
                reader.conflict("redirect.address", "is set without redirect.port.")
            }
            return nil
        }
        if publicURL?.scheme == .http {
            reader.conflict("redirect.port", "has nowhere to send people: publicURL is not https.")
        }
        return Endpoint(
            address: reader.value(Keys.redirectAddress, default: "0.0.0.0", shownAs: "0.0.0.0"),
            port: port
        )
    }
}
