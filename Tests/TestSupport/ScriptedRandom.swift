package import Cryptography
import Synchronization

/// Randomness that a test can predict: every draw is filled with its own number, 1, then 2, then 3.
package final class ScriptedRandom: Sendable {
    private let draws = Mutex<UInt8>(0)

    package init() {}

    package var source: RandomSource {
        RandomSource { count in
            let number = self.draws.withLock { draws in
                draws &+= 1
                return draws
            }
            return [UInt8](repeating: number, count: count)
        }
    }
}
