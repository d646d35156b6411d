/// The content coding gzip (RFC 9110 §8.4.1.3, RFC 1952): one member, whose checksum and length must be right.
enum Gzip {
    private static let fixedHeadBytes = 10
    private static let trailerBytes = 8

    private struct Flag {
        static let check: UInt8 = 2
        static let extra: UInt8 = 4
        static let name: UInt8 = 8
        static let comment: UInt8 = 16
        static let reserved: UInt8 = 0xE0
    }

    /// - Parameter limitBytes: of the decoded content.
    static func decode(_ bytes: [UInt8], limitBytes: Int) throws(InflateFault) -> [UInt8] {
        var inflate = Inflate(bytes, from: try headEnd(bytes), limitBytes: limitBytes)
        let end = try inflate.run()
        guard bytes.count >= end + trailerBytes else { throw .truncated }
        guard bytes.count == end + trailerBytes, littleEndian(bytes[end...].prefix(4)) == crc32(inflate.output),
            littleEndian(bytes[(end + 4)...]) == UInt32(truncatingIfNeeded: inflate.output.count)
        else { throw .malformed }
        return inflate.output
    }

    /// Where the compressed bytes begin (§2.3).
    private static func headEnd(_ bytes: [UInt8]) throws(InflateFault) -> Int {
        guard bytes.count >= fixedHeadBytes else { throw .truncated }
        let flags = bytes[3]
        guard bytes.starts(with: [0x1F, 0x8B, 8]), flags & Flag.reserved == 0 else { throw .malformed }
        var end = fixedHeadBytes
        if flags & Flag.extra != 0 {
            guard bytes.count >= end + 2 else { throw .truncated }
            end += 2 + Int(bytes[end]) + Int(bytes[end + 1]) << 8
        }
        for flag in [Flag.name, Flag.comment] where flags & flag != 0 {
            guard end <= bytes.count, let zero = bytes[end...].firstIndex(of: 0) else { throw .truncated }
            end = zero + 1
        }
        if flags & Flag.check != 0 { end += 2 }
        guard end <= bytes.count else { throw .truncated }
        return end
    }

    private static func littleEndian(_ bytes: ArraySlice<UInt8>) -> UInt32 {
        bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }
    }

    /// §8.
    static func crc32(_ bytes: [UInt8]) -> UInt32 {
        ~bytes.reduce(~0 as UInt32) { value, byte in
            value >> 8 ^ table[Int(UInt8(truncatingIfNeeded: value) ^ byte)]
        }
    }

    private static let table = (0..<256 as Range<UInt32>).map { start in
        (0..<8).reduce(start) { value, _ in value & 1 == 1 ? value >> 1 ^ 0xEDB8_8320 : value >> 1 }
    }
}
