import HTTPSemantics

/// Makes the request IDs of one connection: a random prefix and a count, so that the lines of a log that belong to one
/// connection can be seen to, and an ID costs no randomness.
struct RequestNumbering {
    private let prefix: String
    private var count = 0

    init() {
        // Not a secret: an ID is shown to the client.
        var bits = UInt64.random(in: .min ... .max)
        var text: [UInt8] = []
        for _ in 0..<12 {
            text.append(Self.digits[Int(bits & 31)])
            bits >>= 5
        }
        prefix = String(decoding: text, as: UTF8.self) + "-"
    }

    mutating func next() -> RequestID {
        count += 1
        return RequestID(prefix + String(count))
    }

    /// Without the letters that are taken for digits, or for each other, when somebody reads one out on the telephone.
    private static let digits = Array("0123456789abcdefghjkmnpqrstvwxyz".utf8)
}
