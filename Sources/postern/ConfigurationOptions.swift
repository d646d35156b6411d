import ArgumentParser
import ConnectApp
import Glibc

/// `--config` and `--set`, as every command that reads the configuration takes them.
struct ConfigurationOptions: ParsableArguments {
    @Option(name: .long, help: ArgumentHelp("The configuration file; config.json if there is one.", valueName: "FILE"))
    var config: String?

    @Option(
        name: .customLong("set"),
        help: ArgumentHelp("Overrides one key, for example --set connect.open=true.", valueName: "KEY=VALUE")
    )
    var overrides: [String] = []

    var source: ConfigurationSource { ConfigurationSource(config: config, overrides: overrides) }
    var layers: ConfigurationLayers { source.layers }

    func read() throws(CommandFailure) -> ConnectConfiguration { try source.read() }
    func dataDirectory() throws(CommandFailure) -> String { try source.dataDirectory() }
}

extension CommandFailure {
    init(_ error: ConfigurationFaults, hasFile: Bool) {
        let list = error.faults.map { "  • \($0)" }.joined(separator: "\n")
        let count = error.faults.count == 1 ? "One fault" : "\(error.faults.count) faults"
        let hint = hasFile ? "" : "\nThere is no config.json in this directory; name a file with --config."
        self.init(status: .configuration, message: "\(count) in the configuration:\n\(list)\(hint)")
    }
}

/// The process's environment; of a name that is there twice, the first.
func environment() -> [String: String] {
    var variables: [String: String] = [:]
    var entry = unsafe environ
    // Sound: the array ends with a null pointer, each entry is a terminated string, and nobody changes it after start.
    while let text = unsafe entry.pointee {
        let pair = unsafe String(cString: text)
        if let equals = pair.firstIndex(of: "="), variables[String(pair[..<equals])] == nil {
            variables[String(pair[..<equals])] = String(pair[pair.index(after: equals)...])
        }
        unsafe entry += 1
    }
    return variables
}
