/// Runs `body` with so many event loops, and ends their threads after it.
///
/// Every task that prefers one of the loops must have ended when `body` returns, which structured tasks do.
package func withEventLoops<Result>(
    _ count: Int,
    _ body: ([EventLoop]) async -> Result
) async throws(SystemError) -> Result {
    precondition(count > 0, "without a loop nothing would ever be answered")
    var loops: [EventLoop] = []
    var failure: SystemError?
    for number in 0..<count {
        do throws(SystemError) {
            loops.append(try EventLoop(number: number))
        } catch {
            failure = error
            break
        }
    }
    if let failure {
        for loop in loops { await loop.stop() }
        throw failure
    }
    let result = await body(loops)
    for loop in loops { await loop.stop() }
    return result
}
