import Glibc

/// Gives back the pages of program text and constants that only the start needed.
///
/// Starting touches a little of nearly everything: relocations, conformances, the parser of the configuration, and each touch
/// maps sixteen pages at once. Most are never used again, yet count as this process's memory for as long as it lives. After this
/// call they are mapped again one by one, from the page cache, when something runs through them.
enum StartUpPages {
    /// Linux only; a failure changes nothing but how much memory is counted.
    static func giveBack() {
        guard let bytes = Files.read("/proc/self/smaps") else { return }
        for range in cleanRanges(smaps: bytes) {
            guard let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound) else { continue }
            // Sound: a private mapping of a file that nobody may write to, and whose pages are all the file's own, holds nothing
            // else, and a page that is needed again is read from there. Threads that run in it meanwhile only fault it in again.
            _ = unsafe madvise(start, Int(range.upperBound - range.lowerBound), MADV_DONTNEED)
        }
    }

    /// The addresses of private, unwritable mappings of files that hold no page of the process's own: what the linker relocated
    /// before it was protected is not in the file, and such a mapping is left alone.
    ///
    /// - Parameter smaps: what proc(5) calls `/proc/PID/smaps`.
    static func cleanRanges(smaps: [UInt8]) -> [Range<UInt>] {
        var ranges: [Range<UInt>] = []
        var candidate: Range<UInt>?
        for line in smaps.split(separator: UInt8(ascii: "\n")) {
            guard let first = line.first else { continue }
            switch first {
            case UInt8(ascii: "A"):
                guard line.starts(with: "Anonymous:".utf8) else { continue }
                let amount = line.dropFirst(10).drop { $0 == UInt8(ascii: " ") }
                if let candidate, amount.elementsEqual("0 kB".utf8) { ranges.append(candidate) }
                candidate = nil
            case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"):
                candidate = fileRange(line)
            default:
                continue
            }
        }
        return ranges
    }

    /// The addresses of a mapping's first line, if it is private, unwritable, readable and of a file.
    private static func fileRange(_ line: ArraySlice<UInt8>) -> Range<UInt>? {
        var rest = line
        guard let start = hexadecimal(&rest), rest.popFirst() == UInt8(ascii: "-"), let end = hexadecimal(&rest),
            start < end,
            rest.starts(with: " r-xp ".utf8) || rest.starts(with: " r--p ".utf8), rest.contains(UInt8(ascii: "/"))
        else { return nil }
        return start..<end
    }

    private static func hexadecimal(_ digits: inout ArraySlice<UInt8>) -> UInt? {
        var value: UInt?
        while let digit = digits.first {
            let nibble: UInt
            switch digit {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): nibble = UInt(digit - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): nibble = UInt(digit - UInt8(ascii: "a")) + 10
            default: return value
            }
            let (shifted, overflow) = (value ?? 0).multipliedReportingOverflow(by: 16)
            guard !overflow else { return nil }
            value = shifted | nibble
            digits.removeFirst()
        }
        return value
    }
}
