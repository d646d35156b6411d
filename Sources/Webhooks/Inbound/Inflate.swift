/// Why a compressed text cannot be had back.
enum InflateFault: Error, Hashable {
    /// It ends before its end.
    case truncated
    /// It breaks the format.
    case malformed
    /// It would be larger than allowed.
    case tooLarge
}

/// DEFLATE (RFC 1951), decoded whole into bounded memory.
///
/// Notifications are small and few, so codes are read bit by bit: nothing here is fast, and all of it is short.
struct Inflate {
    private let input: [UInt8]
    private let limitBytes: Int
    private var position: Int
    private var held: UInt32 = 0
    private var heldBits = 0
    private(set) var output: [UInt8] = []

    /// - Parameter start: where in the input it begins.
    init(_ input: [UInt8], from start: Int, limitBytes: Int) {
        self.input = input
        self.limitBytes = limitBytes
        position = start
    }

    /// Decodes to the last block.
    ///
    /// - Returns: where the input goes on.
    mutating func run() throws(InflateFault) -> Int {
        while true {
            let isLast = try bits(1) == 1
            switch try bits(2) {
            case 0: try stored()
            case 1: try compressed(Self.fixedLiterals, Self.fixedDistances)
            case 2:
                let (literals, distances) = try codes()
                try compressed(literals, distances)
            default: throw .malformed
            }
            if isLast { return position }
        }
    }

    /// The next bits, the first of them the least significant. At most 13.
    private mutating func bits(_ count: Int) throws(InflateFault) -> Int {
        while heldBits < count {
            guard position < input.count else { throw .truncated }
            held |= UInt32(input[position]) << UInt32(heldBits)
            position += 1
            heldBits += 8
        }
        let value = held & ((1 << UInt32(count)) - 1)
        held >>= UInt32(count)
        heldBits -= count
        return Int(value)
    }

    private mutating func append(_ byte: UInt8) throws(InflateFault) {
        guard output.count < limitBytes else { throw .tooLarge }
        output.append(byte)
    }

    /// §3.2.4: bytes as they are, from the next whole byte on.
    private mutating func stored() throws(InflateFault) {
        (held, heldBits) = (0, 0)
        guard position + 4 <= input.count else { throw .truncated }
        let length = Int(input[position]) | Int(input[position + 1]) << 8
        let complement = Int(input[position + 2]) | Int(input[position + 3]) << 8
        guard length ^ complement == 0xFFFF else { throw .malformed }
        position += 4
        guard position + length <= input.count else { throw .truncated }
        guard output.count + length <= limitBytes else { throw .tooLarge }
        output += input[position..<position + length]
        position += length
    }

    /// §3.2.5: literals, and lengths with distances, until 256.
    private mutating func compressed(_ literals: HuffmanCode, _ distances: HuffmanCode) throws(InflateFault) {
        while true {
            let symbol = try decode(literals)
            switch symbol {
            case 0..<256: try append(UInt8(symbol))
            case 256: return
            case 257...285:
                let length = Self.lengths[symbol - 257] + (try bits(Self.lengthBits[symbol - 257]))
                let code = try decode(distances)
                guard code < Self.distances.count else { throw .malformed }
                let distance = Self.distances[code] + (try bits(code < 2 ? 0 : code / 2 - 1))
                guard distance <= output.count else { throw .malformed }
                for _ in 0..<length { try append(output[output.count - distance]) }
            default: throw .malformed
            }
        }
    }

    private mutating func decode(_ code: HuffmanCode) throws(InflateFault) -> Int {
        var (value, first, index) = (0, 0, 0)
        for count in code.counts.dropFirst() {
            value |= try bits(1)
            if value - count < first { return code.symbols[index + value - first] }
            index += count
            first = (first + count) << 1
            value <<= 1
        }
        throw .malformed
    }

    /// §3.2.7: the codes of a block, themselves in a code.
    private mutating func codes() throws(InflateFault) -> (HuffmanCode, HuffmanCode) {
        let (literals, distances, count) = (try bits(5) + 257, try bits(5) + 1, try bits(4) + 4)
        guard literals <= 286, distances <= 30 else { throw .malformed }
        var lengths = [Int](repeating: 0, count: 19)
        for place in Self.order.prefix(count) { lengths[place] = try bits(3) }
        let code = try HuffmanCode(lengths[...], mayBeIncomplete: false)
        lengths = []
        while lengths.count < literals + distances {
            switch try decode(code) {
            case let length where length < 16: lengths.append(length)
            case 16:
                guard let last = lengths.last else { throw .malformed }
                lengths += [Int](repeating: last, count: 3 + (try bits(2)))
            case 17: lengths += [Int](repeating: 0, count: 3 + (try bits(3)))
            default: lengths += [Int](repeating: 0, count: 11 + (try bits(7)))
            }
        }
        // A block without its end, or more lengths than announced.
        guard lengths.count == literals + distances, lengths[256] > 0 else { throw .malformed }
        return (
            try HuffmanCode(lengths[..<literals], mayBeIncomplete: true),
            try HuffmanCode(lengths[literals...], mayBeIncomplete: true)
        )
    }

    private static let order = [16, 17, 18, 0, 8, 7, 9, 6, 10, 5, 11, 4, 12, 3, 13, 2, 14, 1, 15]
    private static let lengths = [
        3, 4, 5, 6, 7, 8, 9, 10, 11, 13, 15, 17, 19, 23, 27, 31, 35, 43, 51, 59, 67, 83, 99, 115, 131, 163, 195, 227,
        258,
    ]
    private static let lengthBits = [
        0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 3, 3, 3, 3, 4, 4, 4, 4, 5, 5, 5, 5, 0,
    ]
    private static let distances = [
        1, 2, 3, 4, 5, 7, 9, 13, 17, 25, 33, 49, 65, 97, 129, 193, 257, 385, 513, 769, 1025, 1537, 2049, 3073, 4097,
        6145, 8193, 12_289, 16_385, 24_577,
    ]
    /// §3.2.6.
    private static let fixedLiterals = HuffmanCode(
        complete: [Int](repeating: 8, count: 144) + [Int](repeating: 9, count: 112) + [Int](repeating: 7, count: 24)
            + [Int](repeating: 8, count: 8)
    )
    private static let fixedDistances = HuffmanCode(complete: [Int](repeating: 5, count: 32))
}

/// A canonical Huffman code (RFC 1951 §3.2.2): how many codes each length has, and the symbols in the codes' order.
struct HuffmanCode {
    let counts: [Int]
    let symbols: [Int]

    /// - Parameter mayBeIncomplete: codes may be unused, as with a single distance; too many are always refused.
    init(_ lengths: ArraySlice<Int>, mayBeIncomplete: Bool) throws(InflateFault) {
        self.init(complete: Array(lengths))
        var left = 1
        for count in counts.dropFirst() {
            left = left << 1 - count
            guard left >= 0 else { throw .malformed }
        }
        guard left == 0 || (mayBeIncomplete && counts.dropFirst().reduce(0, +) <= 1) else { throw .malformed }
    }

    /// - Parameter lengths: at most 15, and of a complete code.
    fileprivate init(complete lengths: [Int]) {
        var counts = [Int](repeating: 0, count: 16)
        for length in lengths { counts[length] += 1 }
        counts[0] = 0
        self.counts = counts
        symbols = lengths.indices.filter { lengths[$0] > 0 }.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    }
}
