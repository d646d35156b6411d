import Cryptography
import OAuth
import Timekeeping

/// A flow that has come back with its code and waits for the host app's word (design §4.7): all of it in the browser's cookie, so
/// that nothing is on our side before the claim.
struct ParkedFlow: Sendable {
    /// For how long a code links are made with room for: Nylas's have been under 100 characters.
    static let codeBytes = 256

    var flow: StartedFlow
    var code: AuthorizationCode
    var callbackAt: Timestamp

    var deadline: Timestamp { callbackAt + HostConfirmations.patience }

    /// How many bytes it takes beside the flow itself, for a code so long.
    static func overheadBytes(codeBytes: Int) -> Int { 1 + 8 + 2 + codeBytes }

    func holds(_ other: AuthorizationCode) -> Bool {
        code.withExposed { code in other.withExposed { constantTimeEquals(Array(code.utf8), Array($0.utf8)) } }
    }
}

extension ParkedFlow {
    private static let version: UInt8 = 1

    func encoded() -> [UInt8] {
        let flow = flow.encoded()
        var fields = ByteFieldWriter(capacity: flow.count + ParkedFlow.overheadBytes(codeBytes: ParkedFlow.codeBytes))
        fields.write(ParkedFlow.version)
        fields.write(callbackAt.microsecondsSince1970)
        code.withExposed { fields.write($0) }
        fields.writeFixed(flow)
        return fields.bytes
    }

    /// - Returns: nil unless the bytes are exactly what ``encoded()`` writes.
    init?(encoded bytes: [UInt8]) {
        var fields = ByteFieldReader(bytes)
        guard fields.byte() == ParkedFlow.version, let moment = fields.number(),
            let code = fields.text().flatMap(AuthorizationCode.init),
            let flow = StartedFlow(encoded: fields.remaining())
        else { return nil }
        self.init(flow: flow, code: code, callbackAt: Timestamp(microsecondsSince1970: moment))
    }
}
