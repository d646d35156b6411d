import ArgumentParser
import Testing

@testable import postern

@Suite("The command line of serve")
struct ConfigurationSourceTests {
    @Test(
        "Written plainly, it is read as the parser of all commands reads it",
        arguments: [
            [],
            ["--config", "a.json"],
            ["--set", "connect.open=true"],
            ["--set", "a=1", "--config", "b.json", "--set", "c=--d"],
            ["--config", "with a space", "--set", "=", "--set", "ä=1"],
        ] as [[String]]
    )
    func plain(arguments: [String]) throws {
        let parsed = try ConfigurationOptions.parse(arguments)
        #expect(ConfigurationSource(plain: arguments) == parsed.source)
    }

    @Test(
        "Anything else is left to that parser",
        arguments: [
            ["--help"], ["-h"], ["--version"], ["config.json"], ["--config"], ["--config", ""], ["--config", "--set"],
            ["--config", "a", "--config", "b"], ["--config=a"], ["--set=a=1"], ["--set"], ["--set", "-a=1"],
            ["--", "--config", "a"],
            ["--confi", "a"], ["--config", "a", "b"], ["--experimental-dump-help"],
            ["--generate-completion-script", "bash"],
            ["--port", "1"], [""],
        ] as [[String]]
    )
    func notPlain(arguments: [String]) {
        #expect(ConfigurationSource(plain: arguments) == nil)
    }
}
