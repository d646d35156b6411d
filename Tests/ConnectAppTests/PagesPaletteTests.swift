import Glibc
import HTTPSemantics
import HTTPTypes
import Testing
import Timekeeping
import Web

@testable import ConnectApp

/// WCAG 2.2 §1.4.3 and §1.4.11, over the custom properties of `Public/postern.css`.
@Suite("Colors of the stylesheet") struct PagesPaletteTests {
    private static let readable: [(ink: String, ground: String)] = [
        ("ink", "ground"), ("ink", "surface"), ("ink", "hover"), ("ink", "line"), ("ink", "calm-tint"),
        ("quiet", "ground"), ("quiet", "surface"), ("quiet", "hover"), ("quiet", "line"),
        ("accent", "ground"), ("accent", "surface"), ("accent", "calm-tint"), ("accent-deep", "ground"),
        ("accent-deep", "surface"), ("on-accent", "accent"), ("on-accent", "accent-deep"),
        ("good", "ground"), ("good", "surface"), ("good", "good-tint"), ("attention", "attention-tint"),
        ("calm", "calm-tint"), ("google", "google-tint"), ("microsoft", "microsoft-tint"), ("yahoo", "yahoo-tint"),
        ("icloud", "icloud-tint"), ("imap", "imap-tint"), ("ews", "ews-tint"),
    ]
    private static let distinct: [(ink: String, ground: String)] = [
        ("edge", "ground"), ("edge", "surface"), ("edge", "hover"), ("accent", "ground"), ("accent", "surface"),
    ]

    @Test(arguments: ["light", "dark"])
    func `text has a contrast of 4.5 to 1 at least`(scheme: String) async throws {
        let palette = try await palette(scheme)
        for (ink, ground) in Self.readable {
            let ratio = try contrast(palette[ink], palette[ground])
            #expect(ratio >= 4.5, "\(scheme): \(ink) on \(ground) is \(ratio)")
        }
    }

    @Test(arguments: ["light", "dark"])
    func `edges of controls and the focus ring have a contrast of 3 to 1 at least`(scheme: String) async throws {
        let palette = try await palette(scheme)
        for (ink, ground) in Self.distinct {
            let ratio = try contrast(palette[ink], palette[ground])
            #expect(ratio >= 3, "\(scheme): \(ink) on \(ground) is \(ratio)")
        }
    }

    @Test func `no rule uses a color outside the palette`() async throws {
        let rules = try #require(try await stylesheet().split(separator: "*, *::before").last)
        #expect(!rules.contains("#"))
        // Shadows are decoration: nothing depends on seeing them.
        let mixed = rules.split(separator: "\n").filter { $0.contains("rgb(") && !$0.contains("box-shadow") }
        #expect(mixed.isEmpty)
    }

    @Test func `the dark palette names every color again`() async throws {
        #expect(Set(try await palette("light").keys) == Set(try await palette("dark").keys))
    }

    @Test func `the formula gives the known values`() throws {
        #expect(try contrast("#000000", "#ffffff") == 21)
        #expect(abs(try contrast("#777777", "#ffffff") - 4.478) < 0.001)
    }

    /// As a browser gets it.
    private func stylesheet() async throws -> String {
        let headers = SecurityHeaders(publicURL: settings().publicURL)
        let files = try StaticFiles(directory: publicDirectory, headers: headers)
        let path = files.path(of: "postern.css")
        let request = Request(
            id: RequestID("r"),
            head: HTTPRequest(method: .get, scheme: nil, authority: nil, path: path),
            target: RequestTarget(path: path, query: nil),
            receivedAt: Timestamp(secondsSince1970: 0)
        )
        return await Router(files.routes, errors: ErrorPages(headers: headers)).response(to: request).text
    }

    private func palette(_ scheme: String) async throws -> [String: String] {
        let blocks = try await stylesheet().split(separator: ":root {").dropFirst().map { $0.prefix { $0 != "}" } }
        let block = try #require(scheme == "light" ? blocks.first : blocks.dropFirst().first)
        var palette: [String: String] = [:]
        for line in block.split(separator: ";") {
            let parts = line.split(separator: ":").map { $0.filter { !$0.isWhitespace } }
            if parts.count == 2, parts[0].hasPrefix("--") { palette[String(parts[0].dropFirst(2))] = parts[1] }
        }
        return palette
    }

    private func contrast(_ one: String?, _ other: String?) throws -> Double {
        let luminances = [try luminance(try #require(one)), try luminance(try #require(other))].sorted()
        return (luminances[1] + 0.05) / (luminances[0] + 0.05)
    }

    /// Relative luminance of `#rrggbb`.
    private func luminance(_ color: String) throws -> Double {
        try #require(color.count == 7 && color.hasPrefix("#"))
        let number = try #require(UInt32(color.dropFirst(), radix: 16))
        let weights = [(16, 0.2126), (8, 0.7152), (0, 0.0722)] as [(UInt32, Double)]
        return weights.reduce(0) { sum, part in
            let value = Double(number >> part.0 & 0xFF) / 255
            return sum + part.1 * (value <= 0.04045 ? value / 12.92 : pow((value + 0.055) / 1.055, 2.4))
        }
    }
}
