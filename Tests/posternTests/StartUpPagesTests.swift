import Testing

@testable import postern

@Suite("Pages that only the start needed")
struct StartUpPagesTests {
    private static func mapping(_ first: String, anonymous: String) -> String {
        """
        \(first)
        Size:               1368 kB
        Rss:                 816 kB
        Anonymous:    \(anonymous)
        AnonHugePages:         0 kB
        VmFlags: rd ex mr mw me

        """
    }

    private static func ranges(_ text: String) -> [Range<UInt>] { StartUpPages.cleanRanges(smaps: Array(text.utf8)) }

    @Test("Text and constants of files are given back", arguments: ["r-xp", "r--p"])
    func given(permissions: String) {
        let line = "7f00a000-7f00c000 \(permissions) 00001000 fe:00 123   /usr/lib/libc.so.6"
        #expect(Self.ranges(Self.mapping(line, anonymous: "     0 kB")) == [0x7f00_a000..<0x7f00_c000])
    }

    @Test(
        "What holds something of the process's own is kept, and what is not understood",
        arguments: [
            // Relocated before it was protected.
            ("7f00a000-7f00c000 r--p 00001000 fe:00 123   /usr/lib/libc.so.6", "     4 kB"),
            ("7f00a000-7f00c000 rw-p 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 kB"),
            ("7f00a000-7f00c000 r--s 00001000 fe:00 123   /var/lib/postern/postern.db-shm", "     0 kB"),
            ("7f00a000-7f00c000 ---p 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 kB"),
            ("7f00a000-7f00c000 r-xp 00000000 00:00 0     [vdso]", "     0 kB"),
            ("7f00a000-7f00c000 r--p 00000000 00:00 0", "     0 kB"),
            ("7f00c000-7f00a000 r-xp 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 kB"),
            ("7f00a000 r-xp 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 kB"),
            ("11112222333344445-7f00c000 r-xp 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 kB"),
            ("7f00a000-7f00c000 r-xp 00001000 fe:00 123   /usr/lib/libc.so.6", "     0 MB"),
            ("7f00a000-7f00c000 r-xp 00001000 fe:00 123   /usr/lib/libc.so.6", ""),
        ]
    )
    func kept(line: String, anonymous: String) {
        #expect(Self.ranges(Self.mapping(line, anonymous: anonymous)).isEmpty)
    }

    @Test("An amount belongs to the mapping above it and to no other")
    func several() {
        let text =
            Self.mapping("1000-2000 r-xp 0 fe:00 1 /bin/postern", anonymous: "0 kB")
            + Self.mapping("2000-3000 r--p 0 fe:00 1 /bin/postern", anonymous: "8 kB")
            + Self.mapping("3000-4000 rw-p 0 fe:00 1 /bin/postern", anonymous: "0 kB")
            + Self.mapping("4000-5000 r--p 0 fe:00 1 /bin/postern", anonymous: "0 kB")
        #expect(Self.ranges(text) == [0x1000..<0x2000, 0x4000..<0x5000])
        #expect(Self.ranges("Anonymous: 0 kB\n\(text)").count == 2)
        #expect(Self.ranges("1000-2000 r-xp 0 fe:00 1 /bin/postern\n").isEmpty)
        #expect(Self.ranges("").isEmpty)
    }
}
