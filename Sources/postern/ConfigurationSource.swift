import ConnectApp

/// Where the configuration comes from: a file, the environment, and what the command line overrides.
struct ConfigurationSource: Equatable {
    /// The file that was named.
    var config: String?
    /// `KEY=VALUE`, each.
    var overrides: [String] = []

    var layers: ConfigurationLayers {
        ConfigurationLayers(
            file: file,
            environment: environment(),
            overrides: overrides,
            readFile: Files.read
        )
    }

    /// A file that was named must be there; without a name, everything may come from the environment.
    private var file: (name: String, bytes: [UInt8]?)? {
        if let config { return (config, Files.read(config)) }
        return Files.read(standardName).map { (standardName, $0) }
    }

    private var standardName: String { "config.json" }

    func read() throws(CommandFailure) -> ConnectConfiguration {
        do throws(ConfigurationFaults) {
            return try ConnectConfiguration.read(layers)
        } catch {
            throw CommandFailure(error, hasFile: layers.file != nil)
        }
    }

    func dataDirectory() throws(CommandFailure) -> String {
        do throws(ConfigurationFaults) {
            return try ConnectConfiguration.dataDirectory(layers)
        } catch {
            throw CommandFailure(error, hasFile: layers.file != nil)
        }
    }
}

extension ConfigurationSource {
    /// Reads `--config FILE` and `--set KEY=VALUE` as they are usually written: nil for anything else, also for what
    /// ``ConfigurationOptions`` would accept or explain.
    ///
    /// ArgumentParser looks at a command by reflection, and for a server that starts that was a fifth of the start.
    init?(plain arguments: some Sequence<String>) {
        self.init()
        var rest = arguments.makeIterator()
        while let option = rest.next() {
            guard let value = rest.next(), !value.utf8.isEmpty, value.utf8.first != UInt8(ascii: "-") else {
                return nil
            }
            switch option {
            case "--config" where config == nil: config = value
            case "--set": overrides.append(value)
            default: return nil
            }
        }
    }
}
