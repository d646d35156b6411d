import HTTPSemantics

/// Looking at eight octets at a time, the first of them in the lowest byte of a word: browsers send a kilobyte of fields with
/// every request.
extension Span<UInt8> {
    /// The eight octets from `offset` on, which must be there.
    func word(at offset: Int) -> UInt64 {
        // Sound: any eight octets are an integer, and the bounds are checked.
        UInt64(littleEndian: unsafe bytes.unsafeLoadUnaligned(fromByteOffset: offset, as: UInt64.self))
    }

    /// Where the first octet that no field value may contain (RFC 9110 §5.5) is, or `end`.
    func firstIndexOfNoFieldCharacter(from start: Int, to end: Int) -> Int {
        var index = start
        while index + 8 <= end {
            let word = word(at: index)
            let marks = word.marksOfOctetsBelow32 | (word ^ UInt64(octets: 0x7F)).marksOfZeros
            guard marks != 0 else {
                index += 8
                continue
            }
            index += marks.trailingZeroBitCount / 8
            // HTAB is the one control character that is allowed.
            guard self[index].isFieldCharacter else { return index }
            index += 1
        }
        while index < end, self[index].isFieldCharacter { index += 1 }
        return index
    }

    /// Where `octet` is first, or `end`.
    func firstIndex(of octet: UInt8, from start: Int, to end: Int) -> Int {
        var index = start
        while index + 8 <= end {
            let marks = (word(at: index) ^ UInt64(octets: octet)).marksOfZeros
            guard marks == 0 else { return index + marks.trailingZeroBitCount / 8 }
            index += 8
        }
        while index < end, self[index] != octet { index += 1 }
        return index
    }
}

extension UInt64 {
    /// Eight times the same octet.
    init(octets octet: UInt8) {
        self = UInt64(octet) &* 0x0101_0101_0101_0101
    }

    /// The highest bit of each octet that is zero. Behind the lowest of them, others may be marked too.
    fileprivate var marksOfZeros: UInt64 {
        (self &- UInt64(octets: 1)) & ~self & UInt64(octets: 0x80)
    }

    /// The highest bit of each octet below 0x20. Behind the lowest of them, others may be marked too.
    fileprivate var marksOfOctetsBelow32: UInt64 {
        (self &- UInt64(octets: 0x20)) & ~self & UInt64(octets: 0x80)
    }
}
