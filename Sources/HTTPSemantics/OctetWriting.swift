/// Text of our own into an output span: each octet once, without a string between.
extension OutputSpan<UInt8> {
    /// Appends words of our own source.
    @inlinable
    package mutating func write(_ words: StaticString) {
        // Sound: a literal of text lives as long as the program and has the length it says.
        for index in 0..<words.utf8CodeUnitCount { append(unsafe words.utf8Start[index]) }
    }

    /// Appends the UTF-8 of a text.
    @inlinable
    package mutating func write(_ text: String) {
        let octets = text.utf8Span.span
        for index in octets.indices { append(octets[index]) }
    }

    /// Appends the digits of a number that is not negative.
    @inlinable
    package mutating func write(decimal number: Int) {
        let number = Swift.max(number, 0)
        var divisor = 1
        while number / divisor >= 10 { divisor *= 10 }
        while divisor > 0 {
            append(UInt8(ascii: "0") + UInt8(truncatingIfNeeded: number / divisor % 10))
            divisor /= 10
        }
    }

    /// Appends a number below 100 with two digits.
    @inlinable
    package mutating func write(twoDigits number: Int) {
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10 % 10))
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }
}
