import Cryptography
import TestSupport

@testable import ConnectApp

// Links and handles that strangers hold: they open if we sealed them, as what we sealed, and say one thing each.

private let keys = SealingKeys(current: SealingKeys.Key(secret: Secret([UInt8](repeating: 7, count: 32))))
/// The same salt each time, so that one content has one text.
private let random = RandomSource { [UInt8](repeating: 9, count: $0) }

/// One kind: the sealer that makes any content of it, and what the real opener reads, written once more.
private struct Kind: Sendable {
    let name: String
    let sealer: Sealer
    let readAndWriteAgain: @Sendable (String) -> String?

    init(_ name: String, _ purpose: Sealer.Purpose, _ readAndWriteAgain: @escaping @Sendable (String) -> String?) {
        self.name = name
        sealer = Sealer(keys: keys, purpose: purpose, random: random)
        self.readAndWriteAgain = readAndWriteAgain
    }
}

private let kinds: [Kind] = {
    let links = LinkSeal(keys: keys, random: random)
    let exits = DisconnectSeal(keys: keys, random: random)
    let invites = ConsentSeal(keys: keys, random: random)
    let handles = HostHandles(keys: keys, random: random)
    return [
        Kind("link", .link) { links.open($0).map { links.seal($0) } },
        Kind("disconnect", .disconnect) { exits.open($0).map { exits.seal($0) } },
        Kind("consent", .consent) { invites.open($0).map { invites.seal($0) } },
        Kind("result", .resultHandle) { handles.flow(ofResult: $0).map { handles.handle(forResultOf: $0) } },
        Kind("confirmation", .confirmationHandle) { handles.question(of: $0).map { handles.handle(asking: $0) } },
    ]
}()

/// The first octet is the kind; the rest is a stranger's text, then what stands within the seal, then what changes a good one.
func openSealedLink(_ input: [UInt8]) {
    guard let choice = input.first else { return }
    let rest = Array(input.dropFirst())
    let stranger = String(decoding: rest, as: UTF8.self)
    for kind in kinds { require(kind.readAndWriteAgain(stranger) == nil, "\(kind.name): opened what was never sealed") }

    let kind = kinds[Int(choice) % kinds.count]
    let sealed = kind.sealer.seal(rest, for: kind.name)
    guard let again = kind.readAndWriteAgain(sealed) else { return }
    require(again == sealed, "\(kind.name): two texts for one content")
    for other in kinds where other.name != kind.name {
        require(other.readAndWriteAgain(sealed) == nil, "a \(kind.name) opened as a \(other.name)")
    }
    // Any other character at any place, one more, one less: by the input's own octets.
    var changed = Array(sealed.utf8)
    let place = rest.reduce(Int(choice)) { ($0 &* 31 &+ Int($1)) & 0xFFFF } % changed.count
    let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=% \u{0}".utf8)
    let letter = alphabet[Int(rest.last ?? choice) % alphabet.count]
    changed[place] = changed[place] == letter ? UInt8(ascii: ".") : letter
    for text in [String(decoding: changed, as: UTF8.self), sealed + "A", String(sealed.dropLast()), sealed + "="] {
        require(kind.readAndWriteAgain(text) == nil, "\(kind.name): opened though it was changed")
    }
}
