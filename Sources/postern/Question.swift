import Glibc

/// A question to the person at the terminal before something that cannot be undone.
enum Question {
    /// - Parameter isAnswered: `--yes`.
    /// - Throws: where nobody can be asked, and ``CommandFailure`` where the answer is no.
    static func confirm(_ question: String, isAnswered: Bool) throws(CommandFailure) {
        if isAnswered { return }
        guard isTerminal(STDIN_FILENO) else {
            throw CommandFailure(status: .usage, message: "This cannot be undone. Say --yes if you are sure.")
        }
        standardError(question + " Type yes to go on:")
        guard readLine(strippingNewline: true) == "yes" else {
            throw CommandFailure(message: "Nothing was changed.")
        }
    }
}
