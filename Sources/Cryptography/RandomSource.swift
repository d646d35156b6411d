internal import Glibc

/// Where unpredictable bytes come from: the kernel in `postern`, a script in tests.
package struct RandomSource: Sendable {
    private let draw: @Sendable (Int) -> [UInt8]

    package init(_ draw: @escaping @Sendable (Int) -> [UInt8]) {
        self.draw = draw
    }

    /// Draws 1 to 1024 bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        draw(count)
    }

    /// The kernel's generator (getentropy(3), getrandom(2)): no copy of its state in this process that a fork could double or a
    /// dump of its memory show.
    package static let system = RandomSource { count in
        unsafe [UInt8](unsafeUninitializedCapacity: count) { bytes, initializedCount in
            while initializedCount < count {
                // 256 are what it gives at once.
                let amount = min(count - initializedCount, 256)
                // Sound: there is room for so many behind those that were drawn.
                let outcome = unsafe getentropy(bytes.baseAddress?.advanced(by: initializedCount), amount)
                precondition(
                    outcome == 0,
                    "a machine without randomness can hold no secret; going on would make guessable states"
                )
                initializedCount += amount
            }
        }
    }
}
