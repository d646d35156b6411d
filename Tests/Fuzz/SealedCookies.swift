import Cryptography
import HTTPTypes
import TestSupport

@testable import ConnectApp

private let keys = SealingKeys(current: SealingKeys.Key(secret: Secret([UInt8](repeating: 7, count: 32))))
private let cookies = FlowCookies(keys: keys, random: ScriptedRandom().source)
private let sealer = Sealer(keys: keys, purpose: .flow, random: ScriptedRandom().source)
private let shortID = "AAAAAAAAAAAA"

/// The opener with what a stranger could send, and what is inside with what only we could have sealed.
func openSealedCookie(_ input: [UInt8]) {
    let name = FlowCookies.name(of: shortID)
    let text = String(decoding: input.map { $0 == 9 || $0 >= 32 && $0 != 127 ? $0 : 0x20 }, as: UTF8.self)
    // A whole Cookie field of the stranger's, then one with a value of theirs under a name of ours.
    for value in [text, "\(name)=\(text)"] {
        let fields: HTTPFields = [.cookie: value]
        switch cookies.find(shortID, in: fields) {
        case .none, .unopenable: break
        case .started, .parked, .answered: require(false, "opened what was never sealed")
        }
        for removal in cookies.removals(in: fields) {
            require(removal.hasPrefix(FlowCookies.prefix), "removes what is not ours: \(removal)")
        }
    }
    let sealed = sealer.seal(input, for: name)
    require(sealer.open(sealed, for: name) == input, "sealed and lost")
    require(sealer.open(sealed, for: name + "B") == nil, "opened in another place")
    guard let flow = StartedFlow(encoded: input) else { return }
    require(flow.encoded() == input, "a flow that reads like another")
}
