/// What ties one request's page, log line and error together: 1 to 64 characters of `A-Z a-z 0-9 . _ -`.
///
/// Made by the server for every request; it says nothing about the person and is safe to show.
package struct RequestID: Sendable, CustomStringConvertible {
    /// A numbered one is only spelled out where it is shown, which for most requests is a field and a line of the log.
    private enum Form: Sendable {
        case text(String)
        case numbered(series: UInt64, number: UInt32)
    }

    private let form: Form

    /// - Parameter text: made by ourselves, of the characters above.
    package init(_ text: String) {
        form = .text(text)
    }

    /// The ID of the so-manieth request of a series: twelve characters, `-`, and the number.
    ///
    /// - Parameter series: its lowest 60 bits count.
    package init(series: UInt64, number: UInt32) {
        form = .numbered(series: series, number: number)
    }

    package var text: String {
        guard case .text(let text) = form else {
            var octets: [UInt8] = []
            append(to: &octets)
            return String(decoding: octets, as: UTF8.self)
        }
        return text
    }

    package var description: String { text }

    /// Appends the text.
    package func append(to output: inout [UInt8]) {
        switch form {
        case .text(let text): output.append(contentsOf: text.utf8)
        // Twelve characters, `-`, and at most ten digits.
        case .numbered: output.append(addingCapacity: 23) { write(to: &$0) }
        }
    }

    /// Appends the text, at most 64 octets, to a span that has room for them.
    package func write(to output: inout OutputSpan<UInt8>) {
        switch form {
        case .text(let text):
            output.write(text)
        case .numbered(let series, let number):
            var rest = series
            for _ in 0..<12 {
                output.append(Self.digit(rest & 31))
                rest >>= 5
            }
            output.append(UInt8(ascii: "-"))
            output.write(decimal: Int(number))
        }
    }

    /// `0123456789abcdefghjkmnpqrstvwxyz`: without the letters that are taken for digits, or for each other, when somebody
    /// reads one out on the telephone.
    private static func digit(_ value: UInt64) -> UInt8 {
        let plain = UInt8(truncatingIfNeeded: value) &+ (value < 10 ? 0x30 : 0x61 - 10)
        // i, l, o and u are left out.
        return switch value {
        case 18...19: plain &+ 1
        case 20...21: plain &+ 2
        case 22...26: plain &+ 3
        case 27...: plain &+ 4
        default: plain
        }
    }
}

extension RequestID: Hashable {
    package static func == (left: RequestID, right: RequestID) -> Bool { left.text == right.text }

    package func hash(into hasher: inout Hasher) { hasher.combine(text) }
}
