// What scripts/sanitize tries the thread sanitizer on before it believes it: eight threads at one Mutex. Without an
// argument every access is inside the lock, and a report would be false. With `race` one is outside; with `other` one is
// inside, but of another lock: neither may be passed over.
import Dispatch
import Synchronization

final class Shared: @unchecked Sendable {  // deliberately so: `unguarded` has no lock where a race is asked for
    let guarded = Mutex(0)
    let other = Mutex(0)
    var unguarded = 0
}

let shared = Shared()
let mistake = CommandLine.arguments.dropFirst().first
DispatchQueue.concurrentPerform(iterations: 8) { number in
    for _ in 0..<20_000 {
        switch mistake {
        case "race":
            shared.guarded.withLock { $0 += 1 }
            shared.unguarded += 1
        case "other" where number == 0:
            shared.other.withLock { _ in shared.unguarded += 1 }
        default:
            shared.guarded.withLock {
                $0 += 1
                shared.unguarded += 1
            }
        }
    }
}
print(shared.unguarded)
