import ArgumentParser
import Glibc

/// The program: parses the command line, runs one command, and turns what it throws into an exit status.
@main
enum Postern {
    static func main() async {
        // A reader of ours that goes away (a closed pipe, a vanished client) is an error where it happens, not the end.
        _ = signal(SIGPIPE, SIG_IGN)
        do {
            if let source = plainServe() { return try await ServeCommand.serve(source) }
            var command = try PosternCommand.parseAsRoot()
            if var asynchronous = command as? any AsyncParsableCommand {
                try await asynchronous.run()
            } else {
                try command.run()
            }
        } catch let failure as CommandFailure {
            standardError(failure.message)
            exit(failure.status.rawValue)
        } catch {
            let code = PosternCommand.exitCode(for: error)
            let text = PosternCommand.fullMessage(for: error)
            if code == .success {
                print(text)
                exit(0)
            }
            if !text.isEmpty { standardError(text) }
            exit(code == .validationFailure ? ExitStatus.usage.rawValue : code.rawValue)
        }
    }

    /// `serve` is looked for first: to know all commands, the root looks at each by reflection, which was a third of the
    /// start. What cannot be read so, such as a slip or `--help`, is the root's to answer.
    private static func plainServe() -> ConfigurationSource? {
        let arguments = CommandLine.arguments.dropFirst()
        guard arguments.first == "serve" else { return nil }
        return ConfigurationSource(plain: arguments.dropFirst())
    }
}

struct PosternCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "postern",
        abstract: "A small gate between a company's software and its customers' mailboxes.",
        discussion: """
            Try it:    postern demo
            Serve:     postern check --config config.json && postern serve --config config.json
            Invite:    postern link create --config config.json --owner user-7
            Look:      postern grants list --config config.json

            Exit status: 0 done, 1 failed, 2 wrong usage, 78 faults in the configuration.
            """,
        version: postern.version,
        subcommands: [
            DemoCommand.self, ServeCommand.self, SandboxCommand.self, CheckCommand.self, LinkCommand.self,
            GrantsCommand.self, ConsentCommand.self, WebhooksCommand.self, TokensCommand.self,
            CredentialsCommand.self, ConnectorsCommand.self, HealthCommand.self,
            AuditCommand.self,
        ]
    )
}

let version = "0.1.0"

enum ExitStatus: Int32 {
    case failed = 1
    case usage = 2
    /// EX_CONFIG of sysexits.h.
    case configuration = 78
}

/// A command that ends with a sentence for the person who ran it.
struct CommandFailure: Error {
    var status: ExitStatus = .failed
    var message: String
}

func standardError(_ text: String) { standardErrorText(text + "\n") }

/// Without a line end of its own.
func standardErrorText(_ text: String) {
    let bytes = Array(text.utf8)
    // Sound: the array lives across the call and has the length given.
    _ = unsafe write(STDERR_FILENO, bytes, bytes.count)
}
