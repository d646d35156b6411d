import Cryptography
import GrantStore
import Grants
import OAuth
import Testing
import Timekeeping

@testable import ConnectApp

private let now = Timestamp(secondsSince1970: 1_787_302_200)

@Suite("Ordering a link")
struct LinkOrderTests {
    private let settings = FlowHarness.settings(
        providers: [.google, .microsoft],
        returnURLs: ["https://app.example.com/back?a=b", "https://app.example.com/bacK", "https://app.example.com/;"]
    )

    private func order(_ change: (inout LinkOrder) -> Void) throws -> ConnectLink {
        var order = LinkOrder(owner: "user-7")
        change(&order)
        return try order.link(for: settings, random: .system, at: now)
    }

    @Test func `an owner is enough: one hour, every provider, the configured profile`() throws {
        let link = try order { _ in }
        #expect(link.owner == OwnerID("user-7"))
        #expect(link.expiresAt == now + .seconds(3600))
        #expect(link.providers.isEmpty && link.tags.isEmpty && link.expectedAddress == nil)
        #expect(link.profile == "read" && link.binding == .baseline)
        #expect(link.id.text.utf8.count == 16)
        #expect(try order { _ in }.id != link.id)
    }

    @Test func `everything that is ordered is said, sealed and read again`() throws {
        let link = try order {
            $0.ownerName = "Jané Doe (ACME GmbH)"
            $0.expectedAddress = "Jane@example.com"
            $0.loginHint = "jane@example.com"
            $0.providers = ["microsoft", "google"]
            $0.profile = "full"
            $0.tags = ["plan": "gold", "team": ""]
            $0.binding = .pinned
            $0.returnURL = "https://app.example.com/back?a=b"
            $0.lifetime = .seconds(7 * 86_400)
        }
        #expect(link.providers == [.microsoft, .google] && link.binding == .pinned)
        #expect(link.returnURL == "https://app.example.com/back?a=b")
        let seal = LinkSeal(keys: settings.sealingKeys, random: .system)
        #expect(seal.open(seal.seal(link)) == link)
    }

    static let refused: [(rule: LinkOrderError, change: @Sendable (inout LinkOrder) -> Void)] = [
        (.owner, { $0.owner = "" }),
        (.owner, { $0.owner = "a\nb" }),
        (.owner, { $0.owner = String(repeating: "x", count: 129) }),
        (.ownerName, { $0.ownerName = "" }),
        (.ownerName, { $0.ownerName = "Jane\u{7}" }),
        (.ownerName, { $0.ownerName = String(repeating: "ü", count: 61) }),
        (.expectedAddress, { $0.expectedAddress = "" }),
        (.expectedAddress, { $0.expectedAddress = "jane" }),
        (.expectedAddress, { $0.expectedAddress = "@example.com" }),
        (.expectedAddress, { $0.expectedAddress = "jane@example" }),
        (.expectedAddress, { $0.expectedAddress = "jane doe@example.com" }),
        (.expectedAddress, { $0.expectedAddress = "jane@.com" }),
        (.expectedAddress, { $0.expectedAddress = "jane@example.com\r\nBcc: eve@example.com" }),
        (.expectedAddress, { $0.expectedAddress = String(repeating: "j", count: 250) + "@example.com" }),
        (.loginHint, { $0.loginHint = "jane" }),
        (.providers("gopher"), { $0.providers = ["gopher"] }),
        (.providers("yahoo"), { $0.providers = ["google", "yahoo"] }),
        (.providers("google"), { $0.providers = ["google", "google"] }),
        (.profile("root"), { $0.profile = "root" }),
        (.tags, { $0.tags = ["": "x"] }),
        (.tags, { $0.tags = ["a": "b\u{0}"] }),
        (.tags, { $0.tags = ["a": String(repeating: "b", count: 121)] }),
        (.tags, { order in for number in 0...8 { order.tags["tag\(number)"] = "x" } }),
        (.pinnedWithoutAddress, { $0.binding = .pinned }),
        (.returnURL, { $0.returnURL = "https://app.example.com/back?a=c" }),
        (.returnURL, { $0.returnURL = "https://app.example.com/back?a=b&c" }),
        (.returnURL, { $0.returnURL = "https://app.example.com/back?a=b#" }),
        (.returnURL, { $0.returnURL = "https://APP.example.com/back?a=b" }),
        // The Kelvin sign and the Greek question mark, which Unicode calls equal to K and ;
        (.returnURL, { $0.returnURL = "https://app.example.com/bac\u{212A}" }),
        (.returnURL, { $0.returnURL = "https://app.example.com/\u{37E}" }),
        (.returnURL, { $0.returnURL = "https://app.example.com/" }),
        (.returnURL, { $0.returnURL = "" }),
        (.lifetime, { $0.lifetime = .seconds(59) }),
        (.lifetime, { $0.lifetime = .zero }),
        (.lifetime, { $0.lifetime = .seconds(-1) }),
        (.lifetime, { $0.lifetime = .seconds(7 * 86_400 + 1) }),
        (
            .tooLong,
            { order in
                order.profile = "full"
                for number in 0..<8 { order.tags["tag\(number)"] = String(repeating: "x", count: 120) }
            }
        ),
    ]

    @Test(arguments: refused.indices)
    func `refuses what breaks a rule, and says which`(index: Int) {
        let (rule, change) = Self.refused[index]
        var order = LinkOrder(owner: "user-7")
        change(&order)
        #expect(throws: rule) { try order.link(for: settings, random: .system, at: now) }
    }
}

extension LinkOrderTests {
    @Test func `is only to be confirmed where the host app can be asked`() throws {
        var order = LinkOrder(owner: "user-7")
        order.binding = .confirmed
        #expect(throws: LinkOrderError.confirmedWithoutAddress) {
            try order.link(for: settings, random: .system, at: now)
        }
        var asking = settings
        asking.confirmationURL = "https://app.example.com/confirm"
        #expect(try order.link(for: asking, random: .system, at: now).binding == .confirmed)
    }

    @Test func `a flow to be confirmed has room for its code too`() throws {
        var asking = settings
        asking.confirmationURL = "https://app.example.com/confirm"
        let tooLong = try #require(
            (0..<700).first { length in
                var order = LinkOrder(owner: "user-7")
                order.tags = Self.tags(length)
                order.binding = .confirmed
                return (try? order.link(for: asking, random: .system, at: now)) == nil
            }
        )
        var order = LinkOrder(owner: "user-7")
        order.tags = Self.tags(tooLong)
        #expect(throws: Never.self) { try order.link(for: asking, random: .system, at: now) }
        order.tags = Self.tags(tooLong - 1)
        order.binding = .confirmed
        let link = try order.link(for: asking, random: .system, at: now)
        let cookies = FlowCookies(keys: asking.sealingKeys, random: .system)
        let code = try #require(AuthorizationCode(String(repeating: "c", count: ParkedFlow.codeBytes)))
        for provider in asking.providers {
            let flow = StartedFlow(
                provider,
                link,
                asking,
                audience: Audience.digest(of: asking),
                random: .system,
                at: now
            )
            #expect(cookies.cookie(for: ParkedFlow(flow: flow, code: code, callbackAt: now)) != nil)
        }
    }

    /// Tags of so many bytes in all, each within its own limit.
    private static func tags(_ bytes: Int) -> [String: String] {
        var tags: [String: String] = [:]
        for start in stride(from: 0, to: bytes, by: 100) {
            tags["t\(start / 100)"] = String(repeating: "x", count: min(100, bytes - start))
        }
        return tags
    }
}

@Suite("A link's seal")
struct LinkSealTests {
    private let seal = LinkSeal(keys: SealingKeys(current: FlowHarness.key(1)), random: .system)
    private let link = ConnectLink(
        id: LinkID("link-1") ?? { preconditionFailure("a literal") }(),
        owner: OwnerID("user-7") ?? { preconditionFailure("a literal") }(),
        profile: "read",
        expiresAt: now
    )

    @Test func `hides what it says`() {
        let text = seal.seal(link)
        #expect(text.utf8.allSatisfy { $0 != UInt8(ascii: "/") && $0 != UInt8(ascii: "+") && $0 != UInt8(ascii: "=") })
        #expect(!(Base64.decodeURL(text) ?? []).contains(sequence: "user-7"))
    }

    @Test func `opens with a key that was current before, and with no other`() {
        let text = seal.seal(link)
        let renewed = SealingKeys(current: FlowHarness.key(2), previous: [FlowHarness.key(1)])
        #expect(LinkSeal(keys: renewed, random: .system).open(text) == link)
        #expect(LinkSeal(keys: SealingKeys(current: FlowHarness.key(2)), random: .system).open(text) == nil)
    }

    @Test func `opens nothing that was changed, cut, lengthened or sealed for another purpose`() {
        let text = seal.seal(link)
        for index in stride(from: 0, to: text.utf8.count, by: 7) {
            var bytes = Array(text.utf8)
            bytes[index] = bytes[index] == UInt8(ascii: "A") ? UInt8(ascii: "B") : UInt8(ascii: "A")
            #expect(seal.open(String(decoding: bytes, as: UTF8.self)) == nil, "changed at \(index)")
            #expect(seal.open(String(text.prefix(index))) == nil, "cut at \(index)")
        }
        for text in [text + "A", text + "=", " " + text, "", String(repeating: "A", count: 5000)] {
            #expect(seal.open(text) == nil)
        }
        let other = Sealer(keys: SealingKeys(current: FlowHarness.key(1)), purpose: .flow, random: .system)
        #expect(seal.open(other.seal(link.encoded(), for: "link")) == nil)
    }

    @Test func `reads nothing but what it writes`() {
        let bytes = link.encoded()
        #expect(ConnectLink(encoded: bytes) == link)
        for count in 0..<bytes.count { #expect(ConnectLink(encoded: Array(bytes.prefix(count))) == nil) }
        #expect(ConnectLink(encoded: bytes + [0]) == nil)
        #expect(ConnectLink(encoded: [9] + bytes.dropFirst()) == nil)
    }

    @Test(arguments: [(["a", "b"], true), (["b", "a"], false), (["a", "a"], false), (["e\u{301}", "é"], false)])
    func `reads tags in one order, each once`(names: [String], isRead: Bool) {
        var tagged = link
        tagged.tags = ["0": "", "1": ""]
        var bytes = tagged.encoded()
        let written: [UInt8] = [4, 0, 1, 0x30, 0, 0, 0, 1, 0x31, 0, 0]
        let place = bytes.indices.first { bytes[$0...].starts(with: written) } ?? bytes.endIndex
        let other: [UInt8] = [4] + names.flatMap { [0, UInt8($0.utf8.count)] + Array($0.utf8) + [0, 0] }
        bytes.replaceSubrange(place..<min(place + written.count, bytes.endIndex), with: other)
        #expect((ConnectLink(encoded: bytes) != nil) == isRead)
    }
}

extension [UInt8] {
    fileprivate func contains(sequence text: String) -> Bool {
        let wanted = Array(text.utf8)
        return indices.contains { self[$0...].starts(with: wanted) }
    }
}
