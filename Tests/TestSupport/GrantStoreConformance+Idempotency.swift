import Cryptography
import GrantStore
import Timekeeping

extension GrantStoreConformance {
    private static func call(_ key: String, _ content: String = "content") -> IdempotentCall {
        IdempotentCall(keyDigest: SHA256.digest(key), contentDigest: SHA256.digest(content))
    }

    static let idempotency: [GrantStoreConformance] = [
        .init("a call is begun once, answered once, and told its answer again") { store, clock in
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .begun)
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .inProgress)
            try await store.finish(call("k"), sealedAnswer: "sealed", keptFor: .seconds(86_400))
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .answered(sealed: "sealed"))
            try await store.finish(call("k"), sealedAnswer: "another", keptFor: .seconds(86_400))
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .answered(sealed: "sealed"))
        },
        .init("a key with another content is refused, before and after the answer") { store, clock in
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .begun)
            try expect(await store.begin(call("k", "other"), lease: .seconds(60)), is: .otherCall)
            try await store.finish(call("k", "other"), sealedAnswer: "wrong", keptFor: .seconds(9))
            try await store.abandon(call("k", "other"))
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .inProgress)
            try await store.finish(call("k"), sealedAnswer: "sealed", keptFor: .seconds(9))
            try expect(await store.begin(call("k", "other"), lease: .seconds(60)), is: .otherCall)
            try expect(await store.begin(call("l", "other"), lease: .seconds(60)), is: .begun)
        },
        .init("a call that came to nothing may begin again, and one that was answered may not") { store, clock in
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .begun)
            try await store.abandon(call("k"))
            try expect(await store.begin(call("k", "mended"), lease: .seconds(60)), is: .begun)
            try await store.finish(call("k", "mended"), sealedAnswer: "sealed", keptFor: .seconds(9))
            try await store.abandon(call("k", "mended"))
            try expect(await store.begin(call("k", "mended"), lease: .seconds(60)), is: .answered(sealed: "sealed"))
        },
        .init("a lease ends, and so does an answer") { store, clock in
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .begun)
            clock.advance(by: .seconds(60))
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .begun)
            clock.advance(by: .seconds(61))
            // Whoever was slow has still done it.
            try await store.finish(call("k"), sealedAnswer: "late", keptFor: .seconds(100))
            clock.advance(by: .seconds(99))
            try expect(await store.begin(call("k"), lease: .seconds(60)), is: .answered(sealed: "late"))
            clock.advance(by: .seconds(1))
            try expect(await store.begin(call("k", "other"), lease: .seconds(60)), is: .begun)
        },
        .init("of fifty calls with one key at once exactly one begins") { store, clock in
            let answers = await withTaskGroup { group in
                for _ in 0..<50 { group.addTask { try? await store.begin(call("k"), lease: .seconds(60)) } }
                return await group.reduce(into: [IdempotencyStanding?]()) { $0.append($1) }
            }
            try expect(answers.filter { $0 == .begun }.count, is: 1)
            try expect(answers.filter { $0 == .inProgress }.count, is: 49)
        },
    ]
}
