import TestSupport

@testable import Webhooks

// Webhooks: content that comes compressed.

/// As long as inputs may be: longer texts only take longer.
private let limit = 1 << 12

/// The input as gzip, as DEFLATE alone, and as the text that encoders of ours compress.
func inflate(_ input: [UInt8]) {
    if let text = unzip(input) { check(input, text) }
    // Chance hits no checksum: what is DEFLATE gets the right one.
    var raw = Inflate(input, from: 0, limitBytes: limit)
    let end = try? raw.run()
    require(raw.output.count <= limit, "more than allowed")
    if let end {
        require(end <= input.count, "read beyond the end")
        let whole = framed(Array(input[..<end]), of: raw.output)
        require(unzip(whole) == raw.output, "one text alone, another one in its frame")
        check(whole, raw.output)
    }
    for encoded in [framed(stored(input), of: input), framed(literals(input), of: input)] {
        require(unzip(encoded) == input, "compressed and lost")
    }
}

private func unzip(_ bytes: [UInt8], limitBytes: Int = limit) -> [UInt8]? {
    try? Gzip.decode(bytes, limitBytes: limitBytes)
}

/// What every accepted member fulfils.
private func check(_ bytes: [UInt8], _ text: [UInt8]) {
    require(text.count <= limit, "more than allowed")
    require(unzip(bytes, limitBytes: text.count) == text, "the limit decides what is read")
    require(text.isEmpty || unzip(bytes, limitBytes: text.count - 1) == nil, "one more than allowed")
    require(unzip(bytes + [0]) == nil && unzip(bytes + bytes) == nil, "something behind the end")
    require(unzip(Array(bytes.dropLast())) == nil, "ends before its end")
    for place in [1, 4, 5, 8] {
        var changed = bytes
        changed[changed.count - place] ^= 1
        require(unzip(changed) == nil, "another checksum or another length")
    }
}

private func framed(_ deflated: [UInt8], of text: [UInt8]) -> [UInt8] {
    func littleEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (8 * UInt32($0))) }
    }
    return [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 255] + deflated + littleEndian(Gzip.crc32(text))
        + littleEndian(UInt32(truncatingIfNeeded: text.count))
}

/// One member of gzip with the text as it is.
func zipped(_ text: [UInt8]) -> [UInt8] {
    framed(stored(text), of: text)
}

/// Blocks without compression (RFC 1951 §3.2.4).
private func stored(_ text: [UInt8]) -> [UInt8] {
    precondition(text.count < 1 << 16, "inputs are shorter than one block may be")
    let (low, high) = (UInt8(text.count & 0xFF), UInt8(text.count >> 8))
    return [1, low, high, ~low, ~high] + text
}

/// One block of literals in fixed codes (§3.2.6).
private func literals(_ text: [UInt8]) -> [UInt8] {
    var bytes: [UInt8] = []
    var (held, count) = (UInt32(0), UInt32(0))
    func put(_ value: UInt32, _ bits: UInt32, _ order: [UInt32]) {
        for place in order.prefix(Int(bits)) {
            held |= (value >> place & 1) << count
            count += 1
            if count == 8 {
                bytes.append(UInt8(held))
                (held, count) = (0, 0)
            }
        }
    }
    /// Codes go with their first bit first.
    func putCode(_ value: UInt32, _ bits: UInt32) {
        put(value, bits, Array((0..<bits).reversed()))
    }
    put(0b011, 3, [0, 1, 2])
    for octet in text {
        if octet < 144 { putCode(0x30 + UInt32(octet), 8) } else { putCode(0x190 + UInt32(octet) - 144, 9) }
    }
    putCode(0, 7)
    if count > 0 { bytes.append(UInt8(held)) }
    return bytes
}
