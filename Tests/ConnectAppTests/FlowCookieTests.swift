import Cryptography
import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import OAuth
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

extension StartedFlow {
    static func sample(
        kind: FlowKind = .connect,
        at moment: Timestamp = Timestamp(secondsSince1970: 1_787_302_200),
        settings: ConnectSettings = FlowHarness.settings()
    ) -> StartedFlow {
        StartedFlow(
            kind: kind,
            state: State(drawnFrom: .system),
            codeVerifier: CodeVerifier(drawnFrom: .system),
            provider: .microsoft,
            profile: "send",
            scopes: AccessProfile.send.scopes(for: .microsoft),
            link: LinkID("link-1").map { LinkClaim(id: $0, expiresAt: moment) },
            owner: OwnerID("user-ü"),
            expectedAddress: "Jane@example.com",
            binding: .confirmed,
            returnURL: "https://app.example.com/back?a=b",
            tags: ["plan": "gold", "team": "süd"],
            audience: Audience.digest(of: settings),
            startedAt: moment
        )
    }
}

extension FlowCookies {
    func cookie(for flow: StartedFlow) -> String? { cookie(for: flow, id: flow.id) }
}

@Suite("The flow in its cookie")
struct FlowCookieTests {
    private let cookies = FlowCookies(keys: SealingKeys(current: FlowHarness.key(1)), random: .system)

    private func pair(_ setCookie: String?) throws -> (name: String, value: String) {
        let pair = try #require(setCookie).prefix { $0 != ";" }.split(separator: "=").map(String.init)
        return (pair[0], pair[1])
    }

    private func fields(_ pairs: [(name: String, value: String)]) -> HTTPFields {
        [.cookie: pairs.map { "\($0.name)=\($0.value)" }.joined(separator: "; ")]
    }

    @Test func `comes back whole`() throws {
        let flow = StartedFlow.sample()
        let cookie = try pair(cookies.cookie(for: flow))
        #expect(cookie.name == "__Host-postern-\(flow.id.shortID)")
        guard case .started(let found) = cookies.find(flow.id.shortID, in: fields([cookie])) else {
            Issue.record("the cookie does not open")
            return
        }
        #expect(found.claim == flow.claim)
        #expect(found.audience == flow.audience)
        #expect(found.binding == .confirmed)
        flow.codeVerifier.withExposed { verifier in found.codeVerifier.withExposed { #expect($0 == verifier) } }
    }

    @Test func `comes back with the code that waits in it, and only whole`() throws {
        let flow = StartedFlow.sample()
        let code = try #require(AuthorizationCode("a code"))
        let parked = ParkedFlow(flow: flow, code: code, callbackAt: flow.startedAt + .seconds(90))
        let cookie = try pair(cookies.cookie(for: parked))
        guard case .parked(let found) = cookies.find(flow.id.shortID, in: fields([cookie])) else {
            Issue.record("the cookie does not open")
            return
        }
        #expect(found.flow.claim == flow.claim && found.holds(code) && found.callbackAt == parked.callbackAt)
        #expect(found.deadline == flow.startedAt + .seconds(150))
        let bytes = parked.encoded()
        for count in 0..<bytes.count { #expect(ParkedFlow(encoded: Array(bytes.prefix(count))) == nil) }
        #expect(ParkedFlow(encoded: bytes + [0]) == nil)
        #expect(StartedFlow(encoded: bytes) == nil && ParkedFlow(encoded: flow.encoded()) == nil)
    }

    @Test func `a new flow has a state and a verifier that share nothing`() {
        let settings = FlowHarness.settings()
        let audience = Audience.digest(of: settings)
        let counting = RandomSource { count in (0..<count).map { UInt8($0) } }
        let flow = StartedFlow(
            .google,
            nil,
            settings,
            audience: audience,
            random: counting,
            at: Timestamp(secondsSince1970: 0)
        )
        flow.state.withExposed { #expect($0 == Base64.encode(Array(0..<32), .url)) }
        flow.codeVerifier.withExposed { #expect($0 == Base64.encode(Array(32..<64), .url)) }
    }

    @Test func `is a host cookie for twenty minutes`() throws {
        let text = try #require(cookies.cookie(for: StartedFlow.sample()))
        #expect(text.contains("; Path=/; Max-Age=1200; Secure; HttpOnly; SameSite=Lax"))
        #expect(!text.contains("Domain"))
    }

    @Test func `takes far less than a browser allows, and refuses what takes more than 1,400 bytes`() throws {
        var flow = StartedFlow.sample()
        let cookie = try pair(cookies.cookie(for: flow))
        #expect(cookie.name.utf8.count + 1 + cookie.value.utf8.count < 800)
        var fitting: [Int] = []
        for length in 400...800 {
            flow.tags["long"] = String(repeating: "x", count: length)
            guard let text = cookies.cookie(for: flow) else { continue }
            let cookie = try pair(text)
            let opens = if case .started = cookies.find(flow.id.shortID, in: fields([cookie])) { true } else { false }
            #expect(opens && cookie.name.utf8.count + 1 + cookie.value.utf8.count <= 1400)
            fitting.append(length)
        }
        let longest = try #require(fitting.last)
        #expect(fitting == Array(400...longest) && longest < 800)
    }

    @Test func `never looks the same twice, and shows nothing of the flow`() throws {
        let flow = StartedFlow.sample()
        let one = try pair(cookies.cookie(for: flow)).value
        let other = try pair(cookies.cookie(for: flow)).value
        #expect(one != other)
        let bytes = try #require(Base64.decodeURL(one))
        #expect(!bytes.contains(subsequence: Array("jane@example.com".utf8)))
        #expect(!bytes.contains(subsequence: Array("Jane".utf8)))
    }

    @Test func `does not open with a single bit changed, wherever it is`() throws {
        let flow = StartedFlow.sample()
        let (name, value) = try pair(cookies.cookie(for: flow))
        let bytes = try #require(Base64.decodeURL(value))
        for index in bytes.indices {
            var changed = bytes
            changed[index] ^= 1
            let found = cookies.find(flow.id.shortID, in: fields([(name, Base64.encode(changed, .url))]))
            guard case .unopenable = found else {
                Issue.record("opened with byte \(index) changed")
                return
            }
        }
    }

    @Test func `does not open cut or lengthened`() throws {
        let flow = StartedFlow.sample()
        let (name, value) = try pair(cookies.cookie(for: flow))
        let bytes = try #require(Base64.decodeURL(value))
        for changed in (0..<bytes.count).map({ Array(bytes[..<$0]) }) + [bytes + [0]] {
            let found = cookies.find(flow.id.shortID, in: fields([(name, Base64.encode(changed, .url))]))
            guard case .unopenable = found else {
                Issue.record("opened with \(changed.count) bytes")
                return
            }
        }
    }

    @Test func `does not open under another flow's name`() throws {
        let (flow, other) = (StartedFlow.sample(), StartedFlow.sample())
        let value = try pair(cookies.cookie(for: flow)).value
        let name = FlowCookies.name(of: other.id.shortID)
        guard case .unopenable = cookies.find(other.id.shortID, in: fields([(name, value)])) else {
            Issue.record("a cookie opens under a name it was not sealed for")
            return
        }
    }

    @Test func `keeps the two purposes apart`() throws {
        let flow = StartedFlow.sample()
        let result = try pair(cookies.answeredCookie(for: flow.id, at: flow.startedAt))
        guard case .answered(let id, again: false) = cookies.find(flow.id.shortID, in: fields([result])) else {
            Issue.record("the result's cookie does not open")
            return
        }
        #expect(id == flow.id)
        let sealer = Sealer(keys: SealingKeys(current: FlowHarness.key(1)), purpose: .flow, random: .system)
        #expect(sealer.open(result.value, for: result.name) == nil)
    }

    @Test func `finds the one that opens among several of a name`() throws {
        let flow = StartedFlow.sample()
        let good = try pair(cookies.cookie(for: flow))
        for order in [[(good.name, "junk"), good], [good, (good.name, "junk")]] {
            guard case .started = cookies.find(flow.id.shortID, in: fields(order)) else {
                Issue.record("a planted cookie hides the good one")
                return
            }
        }
    }

    @Test func `is found by its exact name only`() throws {
        let flow = StartedFlow.sample()
        let good = try pair(cookies.cookie(for: flow))
        for name in [good.name.lowercased(), "postern-\(flow.id.shortID)", good.name + "x", "__Secure-postern"] {
            guard case .none = cookies.find(flow.id.shortID, in: fields([(name, good.value)])) else {
                Issue.record("found under \(name)")
                return
            }
        }
    }

    @Test func `makes room: what does not open goes, then the oldest`() throws {
        let start = Timestamp(secondsSince1970: 1_787_302_200)
        let flows = (0..<7).map { StartedFlow.sample(at: start + .seconds($0)) }
        var pairs = try flows.map { try pair(cookies.cookie(for: $0)) }
        pairs.append(("__Host-postern-AAAAAAAAAAAA", "junk"))
        pairs.append(("unrelated", "junk"))
        let answered = (0..<6).map { _ in StartedFlow.sample() }
        for (index, flow) in answered.enumerated() {
            pairs.append(try pair(cookies.answeredCookie(for: flow.id, at: start + .seconds(index))))
        }
        let removed = cookies.removals(in: fields(pairs)).map { String($0.prefix { $0 != "=" }) }
        #expect(
            Set(removed)
                == Set(flows.prefix(3).map { FlowCookies.name(of: $0.id.shortID) })
                .union([FlowCookies.name(of: answered[0].id.shortID), "__Host-postern-AAAAAAAAAAAA"])
        )
        #expect(cookies.removals(in: [:]) == [])
    }

    @Test func `decodes only what it encodes`() throws {
        let bytes = StartedFlow.sample().encoded()
        #expect(StartedFlow(encoded: bytes) != nil)
        for count in 0..<bytes.count { #expect(StartedFlow(encoded: Array(bytes[..<count])) == nil) }
        #expect(StartedFlow(encoded: bytes + [0]) == nil)
        for version in [0, 1, 3, 255] as [UInt8] { #expect(StartedFlow(encoded: [version] + bytes.dropFirst()) == nil) }
        for kind in [0, 3, 255] as [UInt8] {
            #expect(StartedFlow(encoded: [bytes[0], kind] + bytes.dropFirst(2)) == nil)
        }
        var flow = StartedFlow.sample()
        flow.tags = ["a": "1", "b": "2"]
        let tagged = flow.encoded()
        #expect(StartedFlow(encoded: tagged)?.tags == flow.tags)
        // The tags are last: two pairs of three octets each. Once the other way round, once the same one twice.
        let (first, second) = (tagged.suffix(12).prefix(6), tagged.suffix(6))
        #expect(StartedFlow(encoded: tagged.dropLast(12) + second + first) == nil)
        #expect(StartedFlow(encoded: tagged.dropLast(12) + first + first) == nil)
    }
}

@Suite("Sealing")
struct SealerTests {
    private func sealer(_ keys: SealingKeys) -> Sealer { Sealer(keys: keys, purpose: .flow, random: .system) }

    @Test(arguments: [0, 1, 15, 16, 17, 500])
    func `gives back what it sealed, and says its length before`(count: Int) {
        let sealer = sealer(SealingKeys(current: FlowHarness.key(1)))
        let plaintext = [UInt8](repeating: 7, count: count)
        let sealed = sealer.seal(plaintext, for: "name")
        #expect(sealer.open(sealed, for: "name") == plaintext)
        #expect(sealed.utf8.count == Sealer.sealedCharacters(plaintextBytes: count))
    }

    @Test func `opens with every key it is given, and seals with the current one`() {
        let old = sealer(SealingKeys(current: FlowHarness.key(1)))
        let both = sealer(SealingKeys(current: FlowHarness.key(2), previous: [FlowHarness.key(1)]))
        let new = sealer(SealingKeys(current: FlowHarness.key(2)))
        #expect(both.open(old.seal([1], for: "n"), for: "n") == [1])
        #expect(new.open(both.seal([2], for: "n"), for: "n") == [2])
        #expect(new.open(old.seal([1], for: "n"), for: "n") == nil)
        #expect(old.open(both.seal([2], for: "n"), for: "n") == nil)
    }

    @Test(arguments: ["", "A", "AQ", "AAAA", "not base64!", "AQ==", String(repeating: "A", count: 100)])
    func `opens nothing that it has not sealed`(text: String) {
        #expect(sealer(SealingKeys(current: FlowHarness.key(1))).open(text, for: "name") == nil)
    }
}

extension [UInt8] {
    func contains(subsequence: [UInt8]) -> Bool {
        guard count >= subsequence.count else { return false }
        return (0...(count - subsequence.count)).contains {
            self[$0..<($0 + subsequence.count)].elementsEqual(subsequence)
        }
    }
}
