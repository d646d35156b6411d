/// Text of our own into an output span: each octet once, without a string between.
extension OutputSpan<UInt8> {
    /// Appends words of our own source.
    @inlinable
    package mutating func write(words: StaticString) {
        // Sound: a literal of text lives as long as the program and has the length it says.
        unsafe write(UnsafeBufferPointer(start: words.utf8Start, count: words.utf8CodeUnitCount))
    }

    /// Appends the UTF-8 of a text.
    @inlinable
    package mutating func write(_ text: String) {
        // Sound: the text's octets live across the call.
        unsafe text.utf8Span.span.withUnsafeBufferPointer { unsafe write($0) }
    }

    /// Appends all of them at once.
    @unsafe @inlinable
    mutating func write(_ octets: UnsafeBufferPointer<UInt8>) {
        precondition(octets.count <= freeCapacity, "who makes a span knows what will be written to it")
        // Sound: there is room, and what is initialized is counted.
        unsafe withUnsafeMutableBufferPointer { target, initializedCount in
            guard let source = octets.baseAddress, let start = target.baseAddress else { return }
            unsafe (start + initializedCount).initialize(from: source, count: octets.count)
            initializedCount += octets.count
        }
    }

    /// Appends the digits of a number that is not negative.
    ///
    /// Two at a time from the left; divided by what is known when this is compiled, which then is a multiplication.
    @inlinable
    package mutating func write(decimal number: Int) {
        if number >= 100 { write(decimal: number / 100) }
        if number >= 10 {
            write(twoDigits: number % 100)
        } else {
            append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: Swift.max(number, 0)))
        }
    }

    /// Appends a number below 100 with two digits.
    @inlinable
    package mutating func write(twoDigits number: Int) {
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number / 10 % 10))
        append(UInt8(ascii: "0") &+ UInt8(truncatingIfNeeded: number % 10))
    }
}

extension [UInt8] {
    /// Appends words of our own source.
    package mutating func append(words: StaticString) {
        // Sound: a literal of text lives as long as the program and has the length it says.
        unsafe append(contentsOf: UnsafeBufferPointer(start: words.utf8Start, count: words.utf8CodeUnitCount))
    }
}
