import HTTPSemantics

/// Removes the chunked transfer coding (RFC 9112 §7.1), over any number of arrivals.
///
/// Chunk extensions are read over and trailer fields are checked and dropped (§7.1.1, §7.1.2): nobody here uses them.
package struct ChunkedDecoder: Sendable {
    private enum State {
        case size(digits: Int)
        case chunkExtension(ChunkExtension)
        case sizeLineFeed
        case data(remaining: Int)
        case dataCarriageReturn
        case dataLineFeed
        case trailers
        case complete
    }

    private let contentLimitBytes: Int
    private let limits: MessageLimits
    private var state = State.size(digits: 0)
    private var size = 0
    private var extensionBytes = 0
    private var trailers = FieldSection()

    /// - Parameter contentLimitBytes: of all chunk data together.
    package init(contentLimitBytes: Int, limits: MessageLimits = MessageLimits()) {
        self.contentLimitBytes = contentLimitBytes
        self.limits = limits
    }

    /// Appends to `content` what has arrived of it.
    ///
    /// - Parameter position: is moved behind what was consumed; after the last chunk that is where the next message begins.
    /// - Returns: whether the content and its trailer section are complete.
    package mutating func decode(
        _ input: [UInt8],
        from position: inout Int,
        into content: inout [UInt8]
    ) throws(HTTPViolation) -> Bool {
        while position < input.count {
            switch state {
            case .size(let digits):
                try readSize(input[position], digits: digits, received: content.count)
                position += 1
            case .chunkExtension(let part):
                try readExtension(input[position], part)
                position += 1
            case .sizeLineFeed:
                guard input[position] == UInt8(ascii: "\n") else { throw .invalidChunkExtension }
                position += 1
                state = size == 0 ? .trailers : .data(remaining: size)
            case .data(let remaining):
                let count = min(remaining, input.count - position)
                content.append(contentsOf: input[position..<(position + count)])
                position += count
                state = count == remaining ? .dataCarriageReturn : .data(remaining: remaining - count)
            case .dataCarriageReturn:
                guard input[position] == UInt8(ascii: "\r") else { throw .unterminatedChunk }
                position += 1
                state = .dataLineFeed
            case .dataLineFeed:
                guard input[position] == UInt8(ascii: "\n") else { throw .unterminatedChunk }
                position += 1
                state = .size(digits: 0)
                size = 0
            case .trailers:
                guard try trailers.read(input, from: &position, limits: limits, keepingFields: false) else {
                    return false
                }
                state = .complete
                return true
            case .complete:
                return true
            }
        }
        return false
    }

    /// `1*HEXDIG`, at most eight, so that leading zeros cannot go on for ever; no sign, no `0x`, no whitespace.
    private mutating func readSize(_ byte: UInt8, digits: Int, received: Int) throws(HTTPViolation) {
        if let digit = byte.hexadecimalValue {
            guard digits < 8 else { throw .invalidChunkSize }
            size = size << 4 | Int(digit)
            guard size <= contentLimitBytes - received else { throw .contentTooLarge(limitBytes: contentLimitBytes) }
            state = .size(digits: digits + 1)
            return
        }
        guard digits > 0 else { throw .invalidChunkSize }
        switch byte {
        case UInt8(ascii: "\r"): state = .sizeLineFeed
        case UInt8(ascii: ";"):
            state = .chunkExtension(.beforeName)
            try countExtension()
        default: throw .invalidChunkSize
        }
    }

    /// Only CRLF ends the line: servers that took a bare LF inside an extension could be smuggled past.
    private mutating func readExtension(_ byte: UInt8, _ part: ChunkExtension) throws(HTTPViolation) {
        if byte == UInt8(ascii: "\r"), part.isComplete {
            state = .sizeLineFeed
        } else {
            guard let next = part.next(byte) else { throw .invalidChunkExtension }
            state = .chunkExtension(next)
            try countExtension()
        }
    }

    private mutating func countExtension() throws(HTTPViolation) {
        extensionBytes += 1
        guard extensionBytes <= limits.chunkExtensionBytes else {
            throw .chunkExtensionsTooLarge(limitBytes: limits.chunkExtensionBytes)
        }
    }
}
