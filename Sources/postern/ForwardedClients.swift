import HTTPSemantics
import HTTPTypes
import Logging
import Synchronization

/// Says for whom a request comes, and tells the operator once when what stands in front does not fit the configuration.
final class ForwardedClients: Sendable {
    /// A proxy that does not fit shows in the first requests already, and looking for its fields costs something.
    private static let watchedRequests = 1000

    private let proxies: TrustedProxies
    private let log: LogOutput
    private let watched = Atomic(0)
    private let hasWarned = Atomic(false)

    init(_ proxies: TrustedProxies, log: LogOutput) {
        self.proxies = proxies
        self.log = log
    }

    func client(of peer: NetworkAddress, _ fields: HTTPFields) -> NetworkAddress {
        let isProxy = !proxies.networks.isEmpty && proxies.contains(peer)
        let client = isProxy ? proxies.client(of: peer, fields) : peer
        watch(peer, client, fields, isProxy: isProxy)
        return client
    }

    private func watch(_ peer: NetworkAddress, _ client: NetworkAddress, _ fields: HTTPFields, isProxy: Bool) {
        guard watched.load(ordering: .relaxed) < Self.watchedRequests else { return }
        watched.add(1, ordering: .relaxed)
        // On the open internet anybody may send these fields, and nobody is to be warned of it.
        guard isProxy ? proxies.contains(client) : peer.isPrivate,
            fields[.xForwardedFor] != nil || fields[.forwarded] != nil,
            !hasWarned.exchange(true, ordering: .relaxed)
        else { return }
        let advice =
            isProxy
            ? "A proxy of proxies.networks names no client in \(proxies.field.rawValue): see proxies.field."
            : "Forwarded fields come from a private address that is not in proxies.networks: all its clients count as one."
        log.write(
            level: .warning,
            event: "proxy not understood",
            [("peer", .text("\(peer.clientNetwork)")), ("advice", .text(advice))]
        )
    }
}
