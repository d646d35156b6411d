import Cryptography
import GrantStore
import Grants
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("An invitation to consent")
struct ConsentInviteTests {
    private let keys = SealingKeys(current: FlowHarness.key(1))
    private let now = Timestamp(secondsSince1970: 1_787_302_200)

    private func order(_ change: (inout ConsentOrder) -> Void = { _ in }) -> ConsentOrder {
        var order = ConsentOrder(customer: "Ümlaut & Co.", credential: "c-1")
        change(&order)
        return order
    }

    private func refusal(_ change: (inout ConsentOrder) -> Void) -> ConsentOrderError? {
        do throws(ConsentOrderError) {
            _ = try order(change).invite(random: .system, at: now)
            return nil
        } catch {
            return error
        }
    }

    @Test func `comes back from its address whole`() throws {
        let full = order {
            $0.tenant = "6b1f8a7c-2d4e-4a90-8c53-9e0d1f2a3b4c"
            $0.scopes = ["Mail.Read", "https://graph.microsoft.com/Mail.Send"]
            $0.probe = "it@acme.example"
            $0.lifetime = .seconds(60)
        }
        let seal = ConsentSeal(keys: keys, random: .system)
        for invite in [try order().invite(random: .system, at: now), try full.invite(random: .system, at: now)] {
            #expect(seal.open(seal.seal(invite)) == invite)
        }
        let invite = try full.invite(random: .system, at: now)
        #expect(invite.fullScopes == ["Mail.Read", "Mail.Send"].map { "https://graph.microsoft.com/\($0)" })
        #expect(invite.expiresAt == now + .seconds(60))
        #expect(try order().invite(random: .system, at: now).expiresAt == now + .seconds(7 * 86_400))
        #expect(try order { $0.tenant = "common" }.invite(random: .system, at: now).tenant == nil)
    }

    @Test func `opens for nobody else, changed, cut, or as another kind of link`() throws {
        let seal = ConsentSeal(keys: keys, random: .system)
        let sealed = seal.seal(try order().invite(random: .system, at: now))
        #expect(ConsentSeal(keys: SealingKeys(current: FlowHarness.key(2)), random: .system).open(sealed) == nil)
        #expect(LinkSeal(keys: keys, random: .system).open(sealed) == nil)
        #expect(DisconnectSeal(keys: keys, random: .system).open(sealed) == nil)
        let link = LinkSeal(keys: keys, random: .system).seal(
            try LinkOrder(owner: "ada").link(for: FlowHarness.settings(), random: .system, at: now)
        )
        for text in [link, String(sealed.dropLast()), sealed + "A", "", String(repeating: "A", count: 2000)] {
            #expect(seal.open(text) == nil)
        }
        for index in sealed.indices where sealed.distance(from: sealed.startIndex, to: index).isMultiple(of: 7) {
            let other: Character = sealed[index] == "A" ? "B" : "A"
            #expect(seal.open(sealed.replacingCharacters(at: index, with: other)) == nil)
        }
    }

    @Test func `is not made of what breaks a rule`() {
        #expect(refusal { _ in } == nil)
        for text in ["", "a\nb", String(repeating: "x", count: 121)] {
            #expect(refusal { $0.customer = text } == .customer)
        }
        for text in ["", "a/b", "c_1", String(repeating: "x", count: 65)] {
            #expect(refusal { $0.credential = text } == .credential)
        }
        for text in ["", "a b", "t<b>", "ü", String(repeating: "x", count: 65)] {
            #expect(refusal { $0.tenant = text } == .tenant)
        }
        #expect(refusal { $0.scopes = ["Mail.Read"] } == .scopesWithoutTenant)
        #expect(refusal { ($0.tenant, $0.scopes) = ("common", ["Mail.Read"]) } == .scopesWithoutTenant)
        for text in ["", "a b", "a\"b", "a\\b", String(repeating: "x", count: 129)] {
            #expect(refusal { ($0.tenant, $0.scopes) = ("t", [text]) } == .scope(text))
        }
        #expect(refusal { ($0.tenant, $0.scopes) = ("t", ["a", "a"]) } == .scope("a"))
        #expect(refusal { ($0.tenant, $0.scopes) = ("t", (0..<33).map { "s\($0)" }) } == .scope("s32"))
        for text in ["", "a", "@b.c", "a@b", "a b@c.d"] { #expect(refusal { $0.probe = text } == .probe) }
        for seconds in [0, 59, 30 * 86_400 + 1] {
            #expect(refusal { $0.lifetime = .seconds(seconds) } == .lifetime)
        }
        let long = (0..<20).map { "https://graph.microsoft.com/" + String(repeating: "x", count: 90) + "\($0)" }
        #expect(refusal { ($0.tenant, $0.scopes) = ("t", long) } == .tooLong)
    }

    @Test func `fits into the cookie of its flow, however long its parts are`() throws {
        let longest = ConsentOrder(
            customer: String(repeating: "x", count: 120),
            credential: String(repeating: "c", count: 64)
        )
        var invite = try longest.invite(random: .system, at: now)
        invite.tenant = String(repeating: "t", count: 64)
        invite.probe = String(repeating: "p", count: 242) + "@example.com"
        let audience = Audience.digest(of: FlowHarness.settings())
        let flow = StartedFlow(invite, audience: audience, random: .system, at: now)
        let cookies = FlowCookies(keys: keys, random: .system)
        #expect(cookies.cookie(for: flow) != nil)
        let back = try #require(StartedFlow(encoded: flow.encoded()))
        #expect(back.invite == flow.invite && back.kind == .adminConsent)
        var wrong = flow
        wrong.kind = .connect
        #expect(StartedFlow(encoded: wrong.encoded()) == nil)
        wrong.kind = .adminConsent
        wrong.invite = nil
        #expect(StartedFlow(encoded: wrong.encoded()) == nil)
    }
}
