internal import COpenSSL

/// Where unpredictable bytes come from: OpenSSL in `postern`, a script in tests.
package struct RandomSource: Sendable {
    private let draw: @Sendable (Int) -> [UInt8]

    package init(_ draw: @escaping @Sendable (Int) -> [UInt8]) {
        self.draw = draw
    }

    /// Draws 1 to 1024 bytes.
    package func bytes(_ count: Int) -> [UInt8] {
        draw(count)
    }

    /// OpenSSL's generator, seeded by the operating system.
    package static let system = RandomSource { count in
        var bytes = [UInt8](repeating: 0, count: count)
        // Sound: the array lives across the call and has exactly `count` bytes.
        let drawn = unsafe RAND_bytes(&bytes, Int32(count))
        precondition(
            drawn == 1,
            "a machine without randomness can hold no secret; going on would make guessable states"
        )
        return bytes
    }
}
