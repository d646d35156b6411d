import Testing

/// Runs each test of a suite twice: once as it is, and once with connections that rest before every wait for a request, so that
/// what is true of one that goes on in the same task is true of one that goes on in another.
struct Rested: SuiteTrait, TestTrait, TestScoping {
    @TaskLocal static var isImmediate = false

    let isRecursive = true

    func provideScope(
        for test: Test,
        testCase: Test.Case?,
        performing function: @concurrent @Sendable () async throws -> Void
    ) async throws {
        guard testCase != nil else { return try await function() }
        try await function()
        try await Self.$isImmediate.withValue(true) { try await function() }
    }
}

extension Trait where Self == Rested {
    static var rested: Self { Rested() }
}
