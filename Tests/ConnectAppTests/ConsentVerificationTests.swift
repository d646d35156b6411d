import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import Nylas
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("Trying a consent out", .timeLimit(.minutes(2)))
struct ConsentVerificationTests {
    private let harness: FlowHarness

    init() throws {
        harness = try FlowHarness()
    }

    /// A consent that a browser has reported.
    private func reported(_ harness: FlowHarness, probe: String? = FlowHarness.probe) async throws -> ConsentInvite {
        let invite = try harness.invite(probe: probe)
        let browser = Browser(app: harness.app, wallClock: harness.wallClock)
        let flow = try await browser.startConsent(invite.sealed)
        #expect(await browser.get(flow.consented()).location == flow.connectedPath)
        return invite.said
    }

    private func calls(_ harness: FlowHarness) -> Int { harness.exchange.requests.count }

    @Test func `waits five minutes, authenticates the named mailbox, and has a grant as its proof`() async throws {
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(299))
        #expect(await harness.app.tryConsentsOut())
        #expect(calls(harness) == 0)
        harness.wallClock.advance(by: .seconds(1))
        harness.exchange.append(harness.authenticated())
        #expect(await harness.app.tryConsentsOut())
        let consent = try await harness.consent(invite)
        let grant = try Sample.grantID(FlowHarness.grantID)
        #expect(consent?.standing == .verified(grant) && consent?.settledAt == harness.wallClock.now)
        let saved = try await harness.store.grant(grant)
        #expect(saved?.address == FlowHarness.probe && saved?.owners == [] && saved?.status == .valid)
        let sent = try #require(harness.exchange.requests.first)
        #expect(sent.method == .post && sent.pathAndQuery == "/v3/connect/custom")
        #expect(await harness.app.tryConsentsOut())
        #expect(calls(harness) == 1)
        #expect(harness.counts.all.last == .consent(.verified))
        #expect(!harness.log.text.contains(FlowHarness.probe))
    }

    @Test func `by itself, while the application runs`() async throws {
        let invite = try harness.invite(probe: FlowHarness.probe)
        try await harness.run { browser in
            let flow = try await browser.startConsent(invite.sealed)
            #expect(await browser.get(flow.consented()).location == flow.connectedPath)
            // The scan for orphans, the purge, and the wait for this.
            await harness.clock.sleepers(atLeast: 3)
            harness.wallClock.advance(by: .seconds(300))
            harness.exchange.append(harness.authenticated())
            harness.clock.advance(by: .seconds(300))
            await harness.exchange.requests(atLeast: 1)
        }
    }

    @Test func `goes on after a restart with what is in the store`() async throws {
        let invite = try await reported(harness)
        let again = try FlowHarness(store: harness.store)
        again.wallClock.advance(by: .seconds(300))
        again.exchange.append(again.authenticated())
        #expect(await again.app.tryConsentsOut())
        guard case .verified? = try await harness.consent(invite)?.standing else {
            Issue.record("not verified")
            return
        }
    }

    @Test func `without a mailbox to try nothing is tried`() async throws {
        let invite = try await reported(harness, probe: nil)
        harness.wallClock.advance(by: .seconds(86_400 * 7))
        #expect(await harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .reported)
        #expect(calls(harness) == 0)
    }

    private static let definite: [(ScriptedExchange.Answer, String)] = [
        (FlowHarness.refused(400, "grant.invalid_authentication", provider: "ErrorInvalidUser"), "ErrorInvalidUser"),
        (FlowHarness.refused(400, "api.invalid_request_error"), "api.invalid_request_error"),
        (FlowHarness.refused(404, "api.not_found_error"), "api.not_found_error"),
    ]

    @Test(arguments: definite.indices)
    func `ends with the reason of a definite refusal`(index: Int) async throws {
        let (answer, reason) = Self.definite[index]
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(300))
        harness.exchange.append(answer)
        #expect(await harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .failed(reason: reason))
        #expect(harness.counts.all.suffix(2).first == .nylasFailed(.authenticate, index == 2 ? .notFound : .refused))
        #expect(harness.counts.all.last == .consent(.failed))
        harness.wallClock.advance(by: .seconds(86_400))
        #expect(await harness.app.tryConsentsOut())
        #expect(calls(harness) == 1)
    }

    private static let passing: [ScriptedExchange.Answer] = [
        FlowHarness.refused(403, "grant.access_denied", provider: "AADSTS65001"),
        FlowHarness.refused(400, "grant.invalid_authentication", provider: "AADSTS700016"),
        FlowHarness.refused(401, "token.unauthorized_access"), .failure(.connectionRefused),
        .failure(.timedOut(sent: true)), .json("", status: 500), .json("<html>", status: 404), .json("{", status: 201),
    ]

    @Test(arguments: passing.indices)
    func `is tried again where it may pass, ever more rarely`(index: Int) async throws {
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(300))
        for pause in [60, 120, 240, 480] {
            harness.exchange.append(Self.passing[index])
            #expect(await harness.app.tryConsentsOut())
            let before = calls(harness)
            harness.wallClock.advance(by: .seconds(pause - 1))
            #expect(await harness.app.tryConsentsOut())
            #expect(calls(harness) == before)
            #expect(try await harness.consent(invite)?.standing == .reported)
            harness.wallClock.advance(by: .seconds(1))
        }
        harness.exchange.append(harness.authenticated())
        #expect(await harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .verified(Sample.grantID(FlowHarness.grantID)))
    }

    @Test func `is given up after a day, and says why`() async throws {
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(86_400))
        harness.exchange.append(FlowHarness.refused(403, "grant.access_denied", provider: "AADSTS65001"))
        #expect(await harness.app.tryConsentsOut())
        let standing = try await harness.consent(invite)?.standing
        #expect(standing == .failed(reason: "not effective within a day (AADSTS65001)"))
    }

    @Test func `of a grant that does not work proves nothing`() async throws {
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(300))
        harness.exchange.append(harness.authenticated(status: "invalid"))
        #expect(await harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .reported)
        #expect(try await harness.store.grants(matching: GrantFilter()) == [])
    }

    @Test func `leaves Nylas alone for as long as it asks, and the others with it`() async throws {
        _ = try await reported(harness)
        _ = try await reported(harness)
        harness.wallClock.advance(by: .seconds(300))
        harness.exchange.append(.json("{}", status: 429, fields: [.retryAfter: "600"]))
        #expect(await !harness.app.tryConsentsOut())
        #expect(calls(harness) == 1)
    }

    @Test func `that the store did not take is tried again by whoever is there`() async throws {
        let store = FailingStore(MemoryGrantStore())
        let harness = try FlowHarness(store: store)
        let invite = try await reported(harness)
        harness.wallClock.advance(by: .seconds(300))
        store.fail { $0.answer = .diskFull }
        harness.exchange.append(harness.authenticated())
        #expect(await !harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .reported)
        store.fail { $0.answer = nil }
        harness.wallClock.advance(by: .seconds(90))
        harness.exchange.append(harness.authenticated())
        #expect(await harness.app.tryConsentsOut())
        #expect(try await harness.consent(invite)?.standing == .verified(Sample.grantID(FlowHarness.grantID)))
    }
}
