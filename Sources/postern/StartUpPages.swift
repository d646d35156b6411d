import Glibc

/// Gives back the pages of program text that only the start needed.
///
/// Starting touches a little of nearly everything: relocations, conformances, the parser of the configuration, and each touch
/// maps sixteen pages at once. Most are never used again, yet count as this process's memory for as long as it lives. After this
/// call they are mapped again one by one, from the page cache, when something runs through them.
enum StartUpPages {
    /// Linux only; a failure changes nothing but how much memory is counted.
    static func giveBack() {
        guard let bytes = Files.read("/proc/self/maps") else { return }
        for line in String(decoding: bytes, as: UTF8.self).split(separator: "\n") {
            guard let range = textRange(line), let start = unsafe UnsafeMutableRawPointer(bitPattern: range.lowerBound)
            else {
                continue
            }
            // Sound: a private mapping of a file that nobody may write to holds nothing but the file's own bytes, and a page
            // that is needed again is read from there. Threads that run in it meanwhile only fault it in again.
            _ = unsafe madvise(start, Int(range.upperBound - range.lowerBound), MADV_DONTNEED)
        }
    }

    /// The addresses of a line that describes executable, unwritable, private memory of a file.
    ///
    /// Read-only data is left alone: what the linker relocated before it was protected is not in the file.
    private static func textRange(_ line: Substring) -> Range<UInt>? {
        let fields = line.split(separator: " ", omittingEmptySubsequences: true)
        guard fields.count >= 6, fields[1] == "r-xp", fields[5].hasPrefix("/") else { return nil }
        let ends = fields[0].split(separator: "-")
        guard ends.count == 2, let start = UInt(ends[0], radix: 16), let end = UInt(ends[1], radix: 16), start < end
        else {
            return nil
        }
        return start..<end
    }
}
