import GrantStore
import Grants
import HTTPSemantics
import HTTPTypes
import TestSupport
import Testing
import Timekeeping

@testable import ConnectApp

@Suite("The same callback again, and several at once", .timeLimit(.minutes(2)))
struct ReplayTests {
    @Test(arguments: ["code=\(FlowHarness.code)", "code=another", "error=access_denied", "x=1"])
    func `a replay after the end shows the end`(rest: String) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let cookieOfTheStart = browser.cookies
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            _ = await browser.get(flow.callback())
            #expect(await browser.get(flow.callback(rest)).location == flow.connectedPath)
            // Even if somebody kept the first cookie: a stolen profile, a restored session.
            browser.cookies = cookieOfTheStart
            #expect(await browser.get(flow.callback(rest)).location == flow.connectedPath)
            harness.wallClock.advance(by: .seconds(3600))
            browser.cookies = cookieOfTheStart
            #expect(await browser.get(flow.callback(rest)).location == flow.connectedPath)
            #expect(harness.exchange.requests.count == 2)
        }
    }

    @Test(arguments: [2, 20])
    func `arrivals at the same moment lead to one exchange and one answer`(count: Int) async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let gate = Gate()
            let token = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"grant_id":"\#(FlowHarness.grantID)"}"#.utf8)
            )
            harness.exchange.append(.held(gate, token), harness.grant(flow))
            let locations = await withTaskGroup(of: String?.self) { group in
                for _ in 0..<count { group.addTask { await browser.get(flow.callback()).location } }
                await gate.arrivals(atLeast: 1)
                // Purge, settlement, and everybody who waits.
                await harness.clock.sleepers(atLeast: 2 + count)
                gate.open()
                return await group.reduce(into: []) { $0.append($1) }
            }
            #expect(locations == Array(repeating: flow.connectedPath, count: count))
            #expect(harness.exchange.requests.count == 2)
        }
    }

    @Test func `two tabs finish in either order, each with its own mailbox`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let first = try await browser.start("google")
            let second = try await browser.start("google")
            for (flow, id) in [(second, "grant-2"), (first, "grant-1")] {
                harness.exchange.append(FlowHarness.token(id), harness.grant(flow) { $0.id = id })
                #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            }
            #expect(await browser.get(first.connectedPath).head.status == .ok)
            #expect(await browser.get(second.connectedPath).head.status == .ok)
            #expect(try await harness.store.grants(matching: GrantFilter()).count == 2)
        }
    }

    @Test func `a phone that drops off does not cancel the exchange`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let gate = Gate()
            let token = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"grant_id":"\#(FlowHarness.grantID)"}"#.utf8)
            )
            harness.exchange.append(.held(gate, token), harness.grant(flow))
            await withTaskGroup(of: Void.self) { group in
                group.addTask { _ = await browser.get(flow.callback()) }
                await gate.arrivals(atLeast: 1)
                group.cancelAll()
                await group.waitForAll()
            }
            gate.open()
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `after twenty seconds the page says that the work goes on`() async throws {
        let harness = try FlowHarness()
        try await harness.run { browser in
            let flow = try await browser.start()
            let gate = Gate()
            let token = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"grant_id":"\#(FlowHarness.grantID)"}"#.utf8)
            )
            harness.exchange.append(.held(gate, token), harness.grant(flow))
            async let answer = browser.get(flow.callback())
            await gate.arrivals(atLeast: 1)
            await harness.clock.sleepers(atLeast: 3)
            harness.clock.advance(by: .seconds(20))
            #expect(await answer.location == flow.connectedPath)
            let page = await browser.get(flow.connectedPath)
            #expect(page.head.status == .accepted)
            #expect(page.text.contains(flow.connectedPath))
            #expect(await browser.get(flow.problemPath).head.status == .accepted)
            gate.open()
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
            #expect(await browser.get(flow.connectedPath).head.status == .ok)
        }
    }

    @Test func `draining waits for the exchange in hand`() async throws {
        let harness = try FlowHarness()
        try await withThrowingTaskGroup(of: Void.self) { group in
            let browser = Browser(app: harness.app, wallClock: harness.wallClock)
            group.addTask { await harness.app.run() }
            let flow = try await browser.start()
            let gate = Gate()
            let token = OutboundResponse(
                head: HTTPResponse(status: .ok),
                content: Array(#"{"grant_id":"\#(FlowHarness.grantID)"}"#.utf8)
            )
            harness.exchange.append(.held(gate, token), harness.grant(flow))
            async let answer = browser.get(flow.callback())
            await gate.arrivals(atLeast: 1)
            harness.app.drain()
            // No more is taken, and nothing is burnt.
            let late = try await browser.start()
            #expect(await browser.get(late.callback()).location == "/problem/unavailable")
            #expect(try await harness.store.record(of: late.id) == nil)
            gate.open()
            try await group.waitForAll()
            #expect(await answer.location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .connected)
        }
        try harness.exchange.finish()
    }
}

@Suite("When the store fails", .timeLimit(.minutes(2)))
struct StoreFailureTests {
    private func harness() throws -> (FlowHarness, FailingStore) {
        let store = FailingStore(MemoryGrantStore())
        return (try FlowHarness(store: store), store)
    }

    @Test func `an exchange is not begun without its claim`() async throws {
        let (harness, store) = try harness()
        try await harness.run { browser in
            let flow = try await browser.start()
            store.fail { $0.claim = .diskFull }
            #expect(await browser.get(flow.callback()).location == "/problem/unavailable")
            #expect(await browser.get("/problem/unavailable").head.status == .serviceUnavailable)
            #expect(harness.exchange.requests.isEmpty)
            // Nothing is burnt.
            store.fail { $0.claim = nil }
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            #expect(await browser.get(flow.callback()).location == flow.connectedPath)
        }
    }

    @Test func `what is not on disk is not shown as connected, and is saved later`() async throws {
        let (harness, store) = try harness()
        try await harness.run { browser in
            let flow = try await browser.start()
            store.fail { $0.answer = .diskFull }
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            async let answer = browser.get(flow.callback())
            // Purge, settlement's pause, its second before the round, and the waiting browser.
            await harness.clock.sleepers(atLeast: 4)
            let page = await browser.get(flow.connectedPath)
            #expect(page.head.status == .accepted)
            #expect(!page.text.contains(FlowHarness.mailbox))
            #expect(try await store.grants(matching: GrantFilter()).isEmpty)
            store.fail { $0.answer = nil }
            harness.exchange.append(harness.grant(flow))
            harness.clock.advance(by: .seconds(1))
            #expect(await answer.location == flow.connectedPath)
            #expect(try await harness.verdict(of: flow) == .connected)
            #expect(try await store.grants(matching: GrantFilter()).count == 1)
        }
    }

    @Test func `a result that cannot be read is neither a yes nor a no`() async throws {
        let (harness, store) = try harness()
        try await harness.run { browser in
            let flow = try await browser.start()
            harness.exchange.append(FlowHarness.token(), harness.grant(flow))
            _ = await browser.get(flow.callback())
            store.fail { $0.look = .inputOutput(code: 5) }
            #expect(await browser.get(flow.connectedPath).head.status == .serviceUnavailable)
            #expect(await browser.get(flow.callback()).head.status == .seeOther)
        }
    }

    @Test func `a no that cannot be recorded is told as our fault`() async throws {
        let (harness, store) = try harness()
        try await harness.run { browser in
            let flow = try await browser.start()
            store.fail { $0.record = .readOnly }
            #expect(await browser.get(flow.callback("error=access_denied")).location == "/problem/unavailable")
        }
    }
}
