import FoundationEssentials
import Testing

@testable import ConnectApp

@Suite("Limits in the configuration")
struct LimitKeyTests {
    /// A file of this repository.
    private func text(_ name: String) throws -> String {
        let here = #filePath
        let root = here[..<(here.firstRange(of: "/Tests/")?.lowerBound ?? here.endIndex)]
        return try String(contentsOfFile: "\(root)/\(name)", encoding: .utf8)
    }

    @Test func `without a key the defaults hold, and the example says the same`() throws {
        #expect(try ConfigurationTests.read().limits == Limits())
        #expect(try ConfigurationTests.read(text("config.example.json")).limits == Limits())
    }

    @Test(arguments: LimitKey.all.map(\.name))
    func `each limit is read from its own key, and shown`(_ name: String) throws {
        let key = try #require(LimitKey.all.first { $0.name == name })
        // Both ends of a range are right by themselves; the one pair that depends on each other has a test of its own.
        let value = name == "limits.fieldBytes" ? key.range.lowerBound : key.range.upperBound
        let configuration = try ConfigurationTests.read(overrides: ["\(name)=\(value)"])
        var expected = Limits()
        expected[keyPath: key.path] = value
        #expect(configuration.limits == expected)
        let shown = configuration.effective.first { $0.key == name }
        #expect(shown == EffectiveSetting(key: name, value: String(value), source: "--set"))
    }

    @Test(arguments: LimitKey.all.map(\.name))
    func `a limit outside its range, or that is no whole number, is refused with a sentence`(_ name: String) throws {
        let key = try #require(LimitKey.all.first { $0.name == name })
        let (low, high) = (key.range.lowerBound, key.range.upperBound)
        for wrong in [
            "\(low - 1)", "\(high + 1)", "0", "-\(low)", "+\(low)", "\(low).0", "\(low)s", "99999999999999999999",
        ] {
            let faults = ConfigurationTests.faults(overrides: ["\(name)=\(wrong)"])
            #expect(faults.map(\.subject) == [name], "\(wrong)")
            #expect(faults.first?.advice.contains("a whole number from \(low) to \(high)") == true)
        }
    }

    @Test func `one field may not be more than all of them`() {
        let faults = ConfigurationTests.faults(overrides: ["limits.fieldBytes=65536"])
        #expect(faults.map(\.subject) == ["limits.fieldBytes"])
        #expect(faults.map(\.rule) == [.conflict])
    }

    @Test func `names end in their unit`() {
        let units = ["Bytes", "Seconds", "Count", "connections", "PerClient", "PerMinute", "Burst"]
        for key in LimitKey.all { #expect(units.contains { key.name.hasSuffix($0) }, "\(key.name)") }
    }

    @Test(arguments: LimitKey.all.map(\.name))
    func `the operator's table says what the keys do`(_ name: String) throws {
        let key = try #require(LimitKey.all.first { $0.name == name })
        let standard = Limits()[keyPath: key.path]
        let row = "| `\(name.dropFirst(7))` | \(standard) | \(key.range.lowerBound) … \(key.range.upperBound) | "
        #expect(try text("docs/operating.md").contains(row), "\(row)")
    }
}
