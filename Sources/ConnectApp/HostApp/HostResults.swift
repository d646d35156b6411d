package import Cryptography
package import GrantStore

/// What the host app learns for the handle of a result: `GET /api/v1/results/{handle}`.
package struct HostResults: Sendable {
    private let handles: HostHandles
    private let store: any GrantStore

    package init(settings: ConnectSettings, store: any GrantStore, random: RandomSource) {
        handles = HostHandles(keys: settings.sealingKeys, random: random)
        self.store = store
    }

    /// - Parameter token: the name of the token that asks.
    /// - Returns: nil for a text that is no handle of ours.
    package func result(_ handle: String, toldTo token: String) async throws(StoreError) -> ResultTelling? {
        guard let flow = handles.flow(ofResult: handle) else { return nil }
        return try await store.tellResult(of: flow, to: token)
    }
}
