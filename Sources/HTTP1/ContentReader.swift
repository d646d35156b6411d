/// Collects the content of one message, by whichever way it is delimited.
struct ContentReader {
    private enum Delimiter {
        case length(remaining: Int)
        case chunked(ChunkedDecoder)
        case close(limitBytes: Int)
    }

    private var delimiter: Delimiter
    private(set) var content: [UInt8] = []

    /// - Throws: `.contentTooLarge` when the length alone says so.
    init(length: BodyLength, limitBytes: Int, limits: MessageLimits) throws(HTTPViolation) {
        switch length {
        case .none:
            delimiter = .length(remaining: 0)
        case .exactly(let count):
            guard count <= limitBytes else { throw .contentTooLarge(limitBytes: limitBytes) }
            // Nothing is reserved for a length that was only announced: memory grows with what arrives.
            delimiter = .length(remaining: count)
        case .chunked:
            delimiter = .chunked(ChunkedDecoder(contentLimitBytes: limitBytes, limits: limits))
        case .untilClose:
            delimiter = .close(limitBytes: limitBytes)
        }
    }

    /// Whether the end of the stream is the end of the content.
    var endsWithStream: Bool {
        if case .close = delimiter { true } else { false }
    }

    /// Takes what has arrived from `position` on; true when the content is complete.
    mutating func read(_ input: [UInt8], from position: inout Int) throws(HTTPViolation) -> Bool {
        switch delimiter {
        case .length(let remaining):
            let count = min(remaining, input.count - position)
            content.append(contentsOf: input[position..<(position + count)])
            position += count
            delimiter = .length(remaining: remaining - count)
            return count == remaining
        case .chunked(var decoder):
            // The decoder is moved out and back, so that it is never copied on write.
            delimiter = .length(remaining: 0)
            defer { delimiter = .chunked(decoder) }
            return try decoder.decode(input, from: &position, into: &content)
        case .close(let limitBytes):
            content.append(contentsOf: input[position...])
            position = input.count
            guard content.count <= limitBytes else { throw .contentTooLarge(limitBytes: limitBytes) }
            return false
        }
    }
}
