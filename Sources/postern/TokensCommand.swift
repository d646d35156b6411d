import ArgumentParser
import ConnectApp
import Cryptography

struct TokensCommand: ParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "tokens",
        abstract: "Makes tokens for the operator API, and lists those that are configured.",
        subcommands: [Create.self, List.self]
    )

    struct Create: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Makes a token, prints it once, and prints what to put into the configuration.",
            discussion: """
                Postern keeps no token: the configuration holds its SHA-256 alone, in the list api.tokens, and the server reads it at \
                start. Give the token to the program that is to use it, as a secret of its own. A token of scope read looks; one of \
                scope write also makes links and ends connections.

                Example: postern tokens create billing --scope read
                """
        )

        @Argument(help: ArgumentHelp("What the audit trail calls its holder.", valueName: "NAME")) var name: String
        @Option(help: "read or write.") var scope: String
        @Flag(name: .long, help: "One JSON object, the token included.") var json = false

        func run() throws {
            guard let scope = APIToken.Scope(rawValue: scope) else {
                throw ValidationError("--scope must be read or write.")
            }
            let text = TokenText.make(from: .system)
            guard let token = APIToken(name: name, scope: scope, digest: SHA256.digest(text)) else {
                throw ValidationError("The name must be 1 to 40 letters, digits and . _ -")
            }
            let entry = TokenOutput(token)
            if json {
                print(GrantOutput.encode(MadeToken(token: text, configuration: entry)))
            } else {
                print("The token, which is shown this once:\n\n    \(text)\n")
                print("Into the list api.tokens of the configuration:\n\n\(GrantOutput.encode(entry))")
            }
        }
    }

    struct List: ParsableCommand {
        static let configuration = CommandConfiguration(
            abstract: "Lists the tokens of the configuration by name.",
            discussion: "Example: postern tokens list --config config.json"
        )

        @OptionGroup var options: ConfigurationOptions
        @Flag(name: .long, help: "One JSON array instead of a table.") var json = false

        func run() throws {
            let tokens = try options.read().apiTokens.map(TokenOutput.init)
            guard !json else { return print(GrantOutput.encode(tokens)) }
            guard !tokens.isEmpty else { return print("No token is configured: there is no operator API.") }
            // The first digits tell two of one name apart.
            let rows = tokens.map { [$0.name, $0.scope, String($0.sha256.prefix(8)) + "…"] }
            print(GrantOutput.columns([["NAME", "SCOPE", "SHA-256"]] + rows))
        }
    }
}

/// The text of a token: a name that secret scanners can look for, and 32 random bytes.
enum TokenText {
    static let prefix = "postern_"

    static func make(from random: RandomSource) -> String {
        prefix + Base64.encode(random.bytes(32), .url)
    }
}

/// A token as it stands in the configuration.
private struct TokenOutput: Encodable {
    var name: String
    var scope: String
    var sha256: String

    init(_ token: APIToken) {
        name = token.name
        scope = token.scope.rawValue
        sha256 = Hex.encode(token.digest)
    }
}

private struct MadeToken: Encodable {
    var token: String
    var configuration: TokenOutput
}
