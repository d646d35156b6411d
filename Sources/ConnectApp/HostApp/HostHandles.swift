import Cryptography
import GrantStore
import Grants
import Timekeeping

/// The one-time handles that a browser carries to the host app (design §4.7, §4.8): sealed, so that nothing is written when a page
/// is shown, and worth nothing to whoever has no token of the operator's API.
struct HostHandles: Sendable {
    /// What the handle of a confirmation says: the flow is not in the store yet, so it has to bring what counts.
    struct Question: Hashable, Sendable {
        var flow: FlowID
        /// When the code came back.
        var callbackAt: Timestamp
        var owner: OwnerID
    }

    /// Longer than any handle: an owner's ID is at most 128 bytes.
    private static let limitCharacters = 400
    private static let version: UInt8 = 1
    private static let resultName = "result"
    private static let confirmationName = "confirmation"

    private let results: Sealer
    private let confirmations: Sealer

    init(keys: SealingKeys, random: RandomSource) {
        results = Sealer(keys: keys, purpose: .resultHandle, random: random)
        confirmations = Sealer(keys: keys, purpose: .confirmationHandle, random: random)
    }

    func handle(forResultOf flow: FlowID) -> String {
        var fields = ByteFieldWriter()
        fields.write(HostHandles.version)
        fields.writeFixed(flow.digest)
        return results.seal(fields.bytes, for: HostHandles.resultName)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text as the handle of a result.
    func flow(ofResult handle: String) -> FlowID? {
        guard handle.utf8.count <= HostHandles.limitCharacters,
            let bytes = results.open(handle, for: HostHandles.resultName)
        else { return nil }
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == HostHandles.version,
            let flow = fields.fixed(SHA256.digestBytes).flatMap(FlowID.init(digest:)), fields.isAtEnd
        else { return nil }
        return flow
    }

    func handle(asking question: Question) -> String {
        var fields = ByteFieldWriter()
        fields.write(HostHandles.version)
        fields.writeFixed(question.flow.digest)
        fields.write(question.callbackAt.microsecondsSince1970)
        fields.write(question.owner.text)
        return confirmations.seal(fields.bytes, for: HostHandles.confirmationName)
    }

    /// - Returns: nil unless one of our keys sealed exactly this text as the handle of a confirmation.
    func question(of handle: String) -> Question? {
        guard handle.utf8.count <= HostHandles.limitCharacters,
            let bytes = confirmations.open(handle, for: HostHandles.confirmationName)
        else { return nil }
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == HostHandles.version,
            let flow = fields.fixed(SHA256.digestBytes).flatMap(FlowID.init(digest:)), let moment = fields.number(),
            let owner = fields.text().flatMap(OwnerID.init), fields.isAtEnd
        else { return nil }
        return Question(flow: flow, callbackAt: Timestamp(microsecondsSince1970: moment), owner: owner)
    }
}
